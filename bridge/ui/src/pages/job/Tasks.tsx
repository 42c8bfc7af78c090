import type { JobItem } from '../../api/schema'
import { JobLink, LineageLink } from '../../parts/Names'
import { Took } from '../../parts/Now'
import { Nothing, Panel } from '../../parts/Panel'
import { StateBadge, Ticks } from '../../parts/State'
import { counted } from '../../text/numbers'
import { duration } from '../../text/time'

/** The tasks of a DAG, or the queries of a task. */
export function Tasks({ tasks }: { tasks: JobItem[] }) {
  return (
    <Panel title="Tasks" note={counted(tasks.length, 'task')} flush>
      {tasks.length ? (
        <div className="scroll tall">
          <table>
            <thead>
              <tr>
                <th>Task</th>
                <th>State</th>
                <th className="right">Took</th>
                <th className="right">Usually</th>
                <th>Newest runs</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {tasks.map((task) => (
                <tr key={task.id}>
                  <td className="name">
                    <JobLink job={task} />
                  </td>
                  <td>
                    <StateBadge state={task.last_run?.state ?? null} />
                  </td>
                  <td className="right">
                    {task.last_run ? (
                      <Took run={task.last_run} />
                    ) : (
                      <span className="faint">–</span>
                    )}
                  </td>
                  <td className="right num muted">
                    {task.p50 === null ? <span className="faint">–</span> : duration(task.p50)}
                  </td>
                  <td>
                    <Ticks states={task.recent} />
                  </td>
                  <td className="right">
                    <LineageLink node={task.node} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <Nothing title="No task is known yet">
          The first event of a DAG run names its tasks.
        </Nothing>
      )}
    </Panel>
  )
}
