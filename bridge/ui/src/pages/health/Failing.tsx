import { Link } from '@tanstack/react-router'
import type { JobItem } from '../../api/schema'
import { JobLink, Owners } from '../../parts/Names'
import { Time } from '../../parts/Now'
import { Panel } from '../../parts/Panel'
import { StateBadge, Ticks } from '../../parts/State'

/** The DAGs whose newest run failed. */
export function Failing({ dags }: { dags: JobItem[] }) {
  return (
    <Panel title="Failing DAGs" note="newest failure first" flush>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th>DAG</th>
              <th>Failed</th>
              <th>Error</th>
              <th>Owner</th>
              <th>Last runs</th>
            </tr>
          </thead>
          <tbody>
            {dags.map((dag) => (
              <tr key={dag.id}>
                <td className="name">
                  <JobLink job={dag} />
                </td>
                <td style={{ whiteSpace: 'nowrap' }}>
                  <span className="row">
                    <StateBadge state={dag.last_run?.state ?? null} />
                    {dag.last_run && (
                      <Link to="/runs/$id" params={{ id: dag.last_run.id }} className="link small">
                        <Time at={dag.last_run.ended_at ?? dag.last_run.started_at} />
                      </Link>
                    )}
                  </span>
                </td>
                <td className="mono small words">
                  {dag.last_run?.error?.split('\n')[0] ?? <span className="faint">no error text</span>}
                </td>
                <td>
                  <Owners of={dag.owners} />
                </td>
                <td>
                  <Ticks states={dag.recent} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}
