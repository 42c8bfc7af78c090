import { Link } from '@tanstack/react-router'
import type { Run } from '../api/schema'
import { failuresOf } from '../charts/failures'
import { Time } from '../parts/Now'
import { Panel } from '../parts/Panel'
import { Table } from '../parts/Table'

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
      <Table
        columns={[
          {
            title: 'Error',
            className: 'mono small words',
            cell: (group) => (
              <Link to="/runs/$id" params={{ id: group.last.id }} className="link">
                {group.text}
              </Link>
            ),
          },
          { title: 'Tasks', className: 'mono small', cell: (group) => named(group.tasks) },
          { title: 'Times', right: true, className: 'num', cell: (group) => group.times },
          {
            title: 'Last',
            right: true,
            className: 'muted',
            cell: (group) => <Time at={group.last.ended_at ?? group.last.started_at} />,
          },
        ]}
        rows={groups}
        rowKey={(group) => group.key}
      />
    </Panel>
  )
}
