import { useState } from 'react'
import type { Secret } from '../api/schema'

/** A new key, shown this once. */
export function NewSecret({ of, onDone }: { of: Secret; onDone: () => void }) {
  const [copied, setCopied] = useState(false)
  const copy = () =>
    void navigator.clipboard.writeText(of.key).then(
      () => setCopied(true),
      () => setCopied(false),
    )
  return (
    <div className="panel-body" role="status" aria-label={`The key ${of.name}`}>
      <p>
        This is the key <b>{of.name}</b>. It is not shown again.
      </p>
      <pre className="code" tabIndex={0}>
        {of.key}
      </pre>
      <div className="row">
        <button type="button" className="button" data-primary onClick={copy}>
          {copied ? 'Copied' : 'Copy'}
        </button>
        <button type="button" className="button" onClick={onDone}>
          Done
        </button>
      </div>
    </div>
  )
}
