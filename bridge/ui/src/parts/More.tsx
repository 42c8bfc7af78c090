/** The button below a list that has more pages. */
export function More({
  of,
}: {
  of: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown }
}) {
  if (!of.hasNextPage) return null
  return (
    <div className="more">
      <button
        type="button"
        className="button"
        disabled={of.isFetchingNextPage}
        onClick={() => void of.fetchNextPage()}
      >
        {of.isFetchingNextPage ? 'Loading…' : 'Show more'}
      </button>
    </div>
  )
}
