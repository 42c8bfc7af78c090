import type { SourceHealth } from '../../api/schema'
import { Time, useNow } from '../../parts/Now'
import { Panel } from '../../parts/Panel'
import { Badge } from '../../parts/State'
import { count } from '../../text/numbers'

/** How fresh the intake is, for each Airflow and each other producer. */
export function Sources({ sources }: { sources: SourceHealth[] }) {
  const now = useNow()
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
            {sources.map((source) => {
              const quiet = now - Date.parse(source.last_event_at) > 24 * 3600 * 1000
              return (
                <tr key={source.namespace}>
                  <td className="mono">{source.namespace}</td>
                  <td>{source.integration ?? <span className="faint">–</span>}</td>
                  <td className="right num">{count(source.jobs)}</td>
                  <td className="right">
                    {quiet ? (
                      <Badge tone="warn">
                        quiet: <Time at={source.last_event_at} />
                      </Badge>
                    ) : (
                      <span className="muted">
                        <Time at={source.last_event_at} />
                      </span>
                    )}
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}
