import type { CodeVersion } from '../api/schema'
import { Time } from '../parts/Now'
import { Panel } from '../parts/Panel'
import { CodeDiff } from '../changes/CodeDiff'
import { counted } from '../text/numbers'

/** The SQL and the source code that a job has had, each with what it changed. */
export function CodeVersions({ versions }: { versions: CodeVersion[] }) {
  if (!versions.some((version) => version.diff)) return null
  return (
    <Panel title="Code versions" note={counted(versions.length, 'version')}>
      <div style={{ display: 'grid', gap: 14 }}>
        {versions.map((version) => (
          <div key={`${version.kind} ${version.first_at}`}>
            <div className="row small" style={{ marginBottom: 5 }}>
              <b>{version.kind === 'sql' ? 'SQL' : 'Source code'}</b>
              <span className="muted">
                since <Time at={version.first_at} as="clock" />
              </span>
            </div>
            <CodeDiff version={version} />
          </div>
        ))}
      </div>
    </Panel>
  )
}
