import { Link } from '@tanstack/react-router'
import type { Run } from '../../api/schema'
import { failuresOf } from '../../charts/failures'
import { Time } from '../../parts/Now'
import { Panel } from '../../parts/Panel'

const named = (tasks: string[]) =>
  tasks.length > 4
    ? `${tasks.slice(0, 3).join(', ')} and ${tasks.length - 3} more`
    : tasks.join(', ')

/** Failed runs by what their errors have in common. */
export function Failures({ runs }: { runs: Run[] }) {
  const groups = failuresOf(runs)
  if (!groups.length) return null
  return (
    <Panel title="Failures by error" note="among the newest task runs" flush>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th>Error</th>
              <th>Tasks</th>
              <th className="right">Times</th>
              <th className="right">Last</th>
            </tr>
          </thead>
          <tbody>
            {groups.map((group) => (
              <tr key={group.key}>
                <td className="mono small words">
                  <Link to="/runs/$id" params={{ id: group.last.id }} className="link">
                    {group.text}
                  </Link>
                </td>
                <td className="mono small">{named(group.tasks)}</td>
                <td className="right num">{group.times}</td>
                <td className="right muted">
                  <Time at={group.last.ended_at ?? group.last.started_at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}
