import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { Confirmed, SuggestedColumn } from '../api/schema'
import { post } from '../api/client'

/** Two buttons by which a person says what a column is. */
export function Confirm({ of }: { of: SuggestedColumn }) {
  const queries = useQueryClient()
  const action = useMutation({
    mutationFn: (personal: boolean) =>
      post<Confirmed>(
        'personal-data/confirmations',
        {},
        {
          dataset: of.dataset.node,
          column: of.column,
          personal,
          tag: of.tag,
        },
      ).finally(() => void queries.invalidateQueries()),
  })
  if (action.data) {
    return <span role="status">{action.data.personal ? 'Confirmed' : 'Not personal'}</span>
  }
  return (
    <span className="row" style={{ gap: 6, justifyContent: 'flex-end' }}>
      {action.error && (
        <span role="alert" style={{ color: 'var(--bad-text)' }}>
          {action.error.message}
        </span>
      )}
      <button
        type="button"
        className="button"
        disabled={action.isPending}
        onClick={() => action.mutate(true)}
      >
        Confirm
      </button>
      <button
        type="button"
        className="button"
        disabled={action.isPending}
        onClick={() => action.mutate(false)}
      >
        Not personal
      </button>
    </span>
  )
}
