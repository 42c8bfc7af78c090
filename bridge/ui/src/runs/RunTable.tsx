import { Link } from '@tanstack/react-router'
import type { Run } from '../api/schema'
import { taskLabel } from '../charts/taskRows'
import { FailedAssertions } from '../parts/Assertions'
import { Time, RunDuration } from '../parts/Now'
import { StateBadge } from '../parts/State'
import { Table } from '../parts/Table'
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

export function RunTable({ runs, named, tries, current }: Props) {
  const errors = runs.some((run) => run.error)
  return (
    <Table
      columns={[
        {
          title: 'Run',
          className: 'name',
          cell: (run) => (
            <>
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
                      ? `${run.dag_id}.${taskLabel(run)}`
                      : taskLabel(run)
                  : tries
                    ? `try ${run.try_number ?? '?'}`
                    : runTitle(run)}
              </Link>
              {named && (
                <span className="faint small cut" style={{ display: 'block' }}>
                  {kindOf(run.kind)} · {runTitle(run)}
                </span>
              )}
            </>
          ),
        },
        {
          title: 'State',
          cell: (run) => (
            <span className="row wrap" style={{ gap: 4 }}>
              <StateBadge state={run.state} />
              <FailedAssertions of={run} />
            </span>
          ),
        },
        {
          title: 'Duration',
          right: true,
          className: 'nowrap',
          cell: (run) => <RunDuration run={run} />,
        },
        {
          title: 'Started',
          right: true,
          className: 'muted nowrap',
          cell: (run) => <Time at={run.started_at ?? run.queued_at ?? run.ended_at} />,
        },
        errors && {
          title: 'Error',
          className: 'mono small cut',
          maxWidth: 380,
          cell: (run) => (
            <span className="cut" title={run.error ?? undefined}>
              {run.error?.split('\n')[0] ?? ''}
            </span>
          ),
        },
      ]}
      rows={runs}
      rowKey={(run) => run.id}
      current={(run) => run.id === current}
    />
  )
}
