import { Link } from '@tanstack/react-router'
import type { Run } from '../api/schema'
import { Time, RunDuration } from '../parts/Now'
import { Empty, Panel } from '../parts/Panel'
import { StateBadge } from '../parts/State'
import { Table } from '../parts/Table'

/** The newest runs that are part of no other, those that go on first. */
export function RecentRuns({ runs, running }: { runs: Run[]; running: Run[] }) {
  const shown = [
    ...running,
    ...runs.filter((run) => !running.some((other) => other.id === run.id)),
  ].slice(0, 8)
  return (
    <Panel
      title="Recent runs"
      note={
        <Link to="/runs" className="link">
          all runs
        </Link>
      }
      flush
    >
      {shown.length ? (
        <Table
          columns={[
            {
              title: 'Job',
              className: 'name cut',
              cell: (run) => (
                <Link
                  to="/runs/$id"
                  params={{ id: run.id }}
                  className="link mono"
                  title={run.dag_run_id ?? run.run_id}
                >
                  {run.dag_id ?? run.label}
                </Link>
              ),
            },
            { title: 'State', cell: (run) => <StateBadge state={run.state} /> },
            { title: 'Duration', right: true, cell: (run) => <RunDuration run={run} /> },
            {
              title: 'Started',
              right: true,
              className: 'muted',
              cell: (run) => <Time at={run.started_at} />,
            },
          ]}
          rows={shown}
          rowKey={(run) => run.id}
        />
      ) : (
        <Empty title="No runs yet" />
      )}
    </Panel>
  )
}
