import type { Secret } from '../api/schema'
import { CopyButton } from '../parts/CopyButton'

/** A new key, shown this once. */
export function NewSecret({ of, onDone }: { of: Secret; onDone: () => void }) {
  return (
    <div className="panel-body" role="status" aria-label={`The key ${of.name}`}>
      <p>
        This is the key <b>{of.name}</b>. It is not shown again.
      </p>
      <pre className="code" tabIndex={0}>
        {of.key}
      </pre>
      <div className="row">
        <CopyButton text={of.key} label="Copy" primary />
        <button type="button" className="button" onClick={onDone}>
          Done
        </button>
      </div>
    </div>
  )
}
