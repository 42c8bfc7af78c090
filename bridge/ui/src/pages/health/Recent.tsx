import { Link } from '@tanstack/react-router'
import type { Run } from '../../api/schema'
import { Time, Took } from '../../parts/Now'
import { Nothing, Panel } from '../../parts/Panel'
import { StateBadge } from '../../parts/State'

/** The newest runs that are part of no other, those that go on first. */
export function Recent({ runs, running }: { runs: Run[]; running: Run[] }) {
  const shown = [
    ...running,
    ...runs.filter((run) => !running.some((other) => other.id === run.id)),
  ].slice(0, 8)
  return (
    <Panel
      title="Newest runs"
      note={
        <Link to="/runs" className="link">
          all runs
        </Link>
      }
      flush
    >
      {shown.length ? (
        <div className="scroll">
          <table>
            <thead>
              <tr>
                <th>Job</th>
                <th>State</th>
                <th className="right">Took</th>
                <th className="right">Started</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((run) => (
                <tr key={run.id}>
                  <td className="name cut">
                    <Link
                      to="/runs/$id"
                      params={{ id: run.id }}
                      className="link mono"
                      title={run.dag_run_id ?? run.run_id}
                    >
                      {run.dag_id ?? run.label}
                    </Link>
                  </td>
                  <td>
                    <StateBadge state={run.state} />
                  </td>
                  <td className="right">
                    <Took run={run} />
                  </td>
                  <td className="right muted">
                    <Time at={run.started_at} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <Nothing title="Nothing has run yet" />
      )}
    </Panel>
  )
}
