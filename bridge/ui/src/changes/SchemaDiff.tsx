import type { SchemaChange, SchemaVersion } from '../api/schema'

/** What a version of a schema changed against the one before. */
export function SchemaDiff({ version }: { version: SchemaVersion }) {
  if (!version.changes.length)
    return (
      <p className="muted small">
        {version.version === 1
          ? 'First known version.'
          : 'Only descriptions or the column order changed.'}
      </p>
    )
  return <SchemaLines changes={version.changes} />
}

export function SchemaLines({ changes }: { changes: SchemaChange[] }) {
  return (
    <div className="diff">
      {changes.map((change) => (
        <div key={`${change.change} ${change.column}`} data-change={change.change}>
          <span aria-hidden>
            {change.change === 'added' ? '+' : change.change === 'removed' ? '−' : '~'}
          </span>
          <span>{change.column}</span>
          <span>
            {change.change === 'type'
              ? `${change.before ?? '?'} → ${change.after ?? '?'}`
              : (change.after ?? change.before ?? '')}
          </span>
          <span className="end" style={{ fontFamily: 'var(--sans)' }}>
            {change.change === 'added'
              ? 'added'
              : change.change === 'removed'
                ? 'removed'
                : 'type changed'}
          </span>
        </div>
      ))}
    </div>
  )
}
