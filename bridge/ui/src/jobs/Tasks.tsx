import type { JobItem } from '../api/schema'
import { JobLink, LineageLink } from '../parts/Names'
import { RunDuration } from '../parts/Now'
import { Empty, Panel } from '../parts/Panel'
import { StateBadge, Ticks } from '../parts/State'
import { Table } from '../parts/Table'
import { counted } from '../text/numbers'
import { duration } from '../text/time'

/** The tasks of a DAG, or the queries of a task. */
export function Tasks({ tasks }: { tasks: JobItem[] }) {
  return (
    <Panel title="Tasks" note={counted(tasks.length, 'task')} flush>
      {tasks.length ? (
        <Table
          columns={[
            { title: 'Task', className: 'name', cell: (task) => <JobLink job={task} /> },
            { title: 'State', cell: (task) => <StateBadge state={task.last_run?.state ?? null} /> },
            {
              title: 'Duration',
              right: true,
              cell: (task) =>
                task.last_run ? (
                  <RunDuration run={task.last_run} />
                ) : (
                  <span className="faint">–</span>
                ),
            },
            {
              title: 'Usually',
              right: true,
              className: 'num muted',
              cell: (task) =>
                task.p50 === null ? <span className="faint">–</span> : duration(task.p50),
            },
            { title: 'Recent runs', cell: (task) => <Ticks states={task.recent} /> },
            { title: '', right: true, cell: (task) => <LineageLink node={task.node} /> },
          ]}
          rows={tasks}
          rowKey={(task) => task.id}
          tall
        />
      ) : (
        <Empty title="No tasks yet">The first event of a DAG run lists its tasks.</Empty>
      )}
    </Panel>
  )
}
