import { CloseButton } from '../parts/CloseButton'

/** Details of a restricted card: lineage in namespaces that the reader may not see. */
export function Restricted({ what, onClose }: { what: string; onClose: () => void }) {
  return (
    <aside className="inspector" aria-label="Details">
      <header>
        <div className="row">
          <span className="muted small">lineage</span>
          <CloseButton label="Close details" onClose={onClose} />
        </div>
        <h2>Restricted</h2>
        <p className="muted">
          {what} on here in namespaces that you may not see. Ask who runs this bridge for a role in
          them.
        </p>
      </header>
    </aside>
  )
}
