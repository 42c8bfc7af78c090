import { Link } from '@tanstack/react-router'
import type { SchemaVersion } from '../api/schema'
import { Time } from '../parts/Now'
import { Panel } from '../parts/Panel'
import { SchemaDiff } from '../changes/SchemaDiff'
import { counted } from '../text/numbers'

/** The schemas that a dataset has had, each with what it changed. */
export function Versions({ versions }: { versions: SchemaVersion[] }) {
  if (versions.length < 2) return null
  return (
    <Panel title="Schema versions" note={counted(versions.length, 'version')}>
      <div style={{ display: 'grid', gap: 14 }}>
        {versions.map((version) => (
          <div key={version.version}>
            <div className="row small" style={{ marginBottom: 5 }}>
              <b>Version {version.version}</b>
              <span className="muted">
                since <Time at={version.first_at} as="clock" />
              </span>
              {version.run && (
                <Link to="/runs/$id" params={{ id: version.run.id }} className="link muted">
                  by {version.run.dag_id ?? version.run.label}
                </Link>
              )}
              <span className="end muted">{counted(version.fields.length, 'column')}</span>
            </div>
            <SchemaDiff version={version} />
          </div>
        ))}
      </div>
    </Panel>
  )
}
