/** What changed in a text, line by line, as in a patch. */
export function Patch({ lines, label }: { lines: string[]; label: string }) {
  return (
    <div className="diff patch" tabIndex={0} role="region" aria-label={label}>
      {lines.map((line, at) => (
        // Lines have no identity beyond their place.
        <div
          key={at}
          data-change={
            line.startsWith('+')
              ? 'added'
              : line.startsWith('-')
                ? 'removed'
                : line.startsWith('@@')
                  ? 'skip'
                  : undefined
          }
        >
          {line.startsWith('@@') ? '⋯' : line || ' '}
        </div>
      ))}
    </div>
  )
}
