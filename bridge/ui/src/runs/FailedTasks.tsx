import { Link } from '@tanstack/react-router'
import type { Run } from '../api/schema'
import { taskRowsOf } from '../charts/taskRows'
import { Panel } from '../parts/Panel'
import { Table } from '../parts/Table'
import { counted } from '../text/numbers'

const FIRST = 8

/** The tasks of a DAG run that failed for good, each with its error. */
export function FailedTasks({ runs }: { runs: Run[] }) {
  const failed = taskRowsOf(runs).flatMap((row) => {
    const last = row.runs.at(-1)
    return last?.state === 'failed' ? [{ label: row.label, last, tries: row.runs.length }] : []
  })
  if (!failed.length) return null
  return (
    <Panel title="Failed tasks" note={counted(failed.length, 'task')} flush>
      <Table
        columns={[
          {
            title: 'Task',
            className: 'name mono cut',
            cell: ({ label, last }) => (
              <Link to="/runs/$id" params={{ id: last.id }} className="link" title={label}>
                {label}
              </Link>
            ),
          },
          {
            title: 'Error',
            className: 'mono small words',
            cell: ({ last }) =>
              last.error?.split('\n')[0] ?? <span className="faint">no error message</span>,
          },
          {
            title: 'Tries',
            right: true,
            className: 'muted',
            cell: ({ tries }) => (tries > 1 ? `after ${counted(tries, 'try', 'tries')}` : ''),
          },
        ]}
        rows={failed.slice(0, FIRST)}
        rowKey={({ last }) => last.id}
        headless
      />
      {failed.length > FIRST && (
        <p className="panel-body faint small">and {failed.length - FIRST} more</p>
      )}
    </Panel>
  )
}
