import { getRouteApi, Link } from '@tanstack/react-router'
import type { JobDetail, Run, RunDetail } from '../api/schema'
import { useApi } from '../api/client'
import { Gantt } from '../charts/Gantt'
import { RunGrid } from '../charts/RunGrid'
import { Answer, Panel } from '../parts/Panel'
import { StateBadge } from '../parts/State'
import { Datasets } from './Datasets'
import { Failures } from './Failures'
import { Tasks } from './Tasks'

const route = getRouteApi('/jobs/$id')

/** Of a DAG: its runs, when the tasks of one of them ran, its failures, tasks and data. */
export function Dag({ job }: { job: JobDetail }) {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const where = { dag_id: job.dag_id ?? job.name, namespace: job.namespace }
  const runs = useApi<{ items: Run[] }>('runs', { ...where, kind: 'dag', limit: 25 })
  const tasks = useApi<{ items: Run[] }>('runs', { ...where, kind: 'task', limit: 500 })
  const chosen = search.run ?? runs.data?.items[0]?.id
  return (
    <>
      <Panel title="Runs" note="newest on the right; select one to see its task timeline">
        <Answer of={runs} rows={4}>
          {({ items }) => (
            <RunGrid
              runs={items}
              tasks={tasks.data?.items ?? []}
              order={job.children.map((child) => child.label)}
              chosen={chosen}
              onChoose={(run) =>
                void navigate({ search: (before) => ({ ...before, run }), replace: true })
              }
            />
          )}
        </Answer>
      </Panel>
      {chosen && <ChosenRun id={chosen} />}
      <Failures runs={tasks.data?.items ?? []} />
      <Tasks tasks={job.children} />
      <Datasets inputs={job.inputs} outputs={job.outputs} />
    </>
  )
}

function ChosenRun({ id }: { id: string }) {
  const run = useApi<RunDetail>(`runs/${encodeURIComponent(id)}`, {}, { keep: true })
  return (
    <Panel
      title={
        <>
          Task timeline{' '}
          {run.data && (
            <Link to="/runs/$id" params={{ id: run.data.id }} className="link mono muted small">
              {run.data.dag_run_id ?? run.data.run_id}
            </Link>
          )}
        </>
      }
      note={run.data ? <StateBadge state={run.data.state} /> : null}
    >
      <Answer of={run} rows={4}>
        {(found) => <Gantt of={found} runs={found.children} critical={found.critical_path} />}
      </Answer>
    </Panel>
  )
}
