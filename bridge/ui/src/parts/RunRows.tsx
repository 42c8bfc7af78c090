import { Link } from '@tanstack/react-router'
import type { Run } from '../api/schema'
import { laneLabel } from '../charts/lanes'
import { FailedAssertions } from './Assertions'
import { Time, Took } from './Now'
import { StateBadge } from './State'
import { kindOf } from '../text/state'

/** What a run is called where its job is known: the DAG run, the try, or its own id. */
export function runTitle(run: Run): string {
  if (run.kind === 'dag') return run.dag_run_id ?? run.run_id
  const tries = run.try_number ? `try ${run.try_number}` : null
  return (
    [
      run.map_index !== null && run.map_index >= 0 ? `[${run.map_index}]` : null,
      run.dag_run_id,
      tries,
    ]
      .filter(Boolean)
      .join(' · ') || run.run_id
  )
}

interface Props {
  runs: Run[]
  named?: boolean // each of another job
  tries?: boolean // of one task instance
  current?: string
}

export function RunRows({ runs, named, tries, current }: Props) {
  const errors = runs.some((run) => run.error)
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th>Run</th>
            <th>State</th>
            <th className="right">Took</th>
            <th className="right">Started</th>
            {errors && <th>Error</th>}
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.id} aria-current={run.id === current ? 'true' : undefined}>
              <td className="name">
                <Link
                  to="/runs/$id"
                  params={{ id: run.id }}
                  className="link mono cut"
                  style={{ display: 'block' }}
                  title={run.run_id}
                >
                  {named
                    ? run.kind === 'dag'
                      ? (run.dag_id ?? run.job.name)
                      : run.dag_id
                        ? `${run.dag_id}.${laneLabel(run)}`
                        : laneLabel(run)
                    : tries
                      ? `try ${run.try_number ?? '?'}`
                      : runTitle(run)}
                </Link>
                {named && (
                  <span className="faint small cut" style={{ display: 'block' }}>
                    {kindOf(run.kind)} · {runTitle(run)}
                  </span>
                )}
              </td>
              <td>
                <span className="row wrap" style={{ gap: 4 }}>
                  <StateBadge state={run.state} />
                  <FailedAssertions of={run} />
                </span>
              </td>
              <td className="right" style={{ whiteSpace: 'nowrap' }}>
                <Took run={run} />
              </td>
              <td className="right muted" style={{ whiteSpace: 'nowrap' }}>
                <Time at={run.started_at ?? run.queued_at ?? run.ended_at} />
              </td>
              {errors && (
                <td
                  className="mono small cut"
                  style={{ maxWidth: 380 }}
                  title={run.error ?? undefined}
                >
                  {run.error?.split('\n')[0] ?? ''}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
