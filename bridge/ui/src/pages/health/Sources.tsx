import type { SourceHealth } from '../../api/schema'
import { Time } from '../../parts/Now'
import { Panel } from '../../parts/Panel'
import { Badge } from '../../parts/State'
import { count } from '../../text/numbers'

/** How fresh the intake is, for each Airflow and each other producer. */
export function Sources({ sources }: { sources: SourceHealth[] }) {
  if (!sources.length) return null
  return (
    <Panel title="Where events come from" flush>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th>Namespace</th>
              <th>Integration</th>
              <th className="right">Jobs</th>
              <th className="right">Last event</th>
            </tr>
          </thead>
          <tbody>
            {sources.map((source) => (
              <tr key={source.namespace}>
                <td className="mono">{source.namespace}</td>
                <td>{source.integration ?? <span className="faint">–</span>}</td>
                <td className="right num">{count(source.jobs)}</td>
                <td className="right">
                  {source.silent_since ? (
                    <Badge tone="bad">
                      silent: <Time at={source.last_event_at} />
                    </Badge>
                  ) : (
                    <span className="muted">
                      <Time at={source.last_event_at} />
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}
