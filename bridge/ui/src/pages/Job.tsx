import { getRouteApi, Link } from '@tanstack/react-router'
import { ExternalLink } from 'lucide-react'
import type { DatasetRef, Durations as DurationsAnswer, JobDetail, JobItem, Run, RunDetail } from '../api/schema'
import { useApi, useList } from '../api/client'
import { Durations } from '../charts/Durations'
import { failuresOf } from '../charts/failures'
import { Gantt } from '../charts/Gantt'
import { RunGrid } from '../charts/RunGrid'
import { More } from '../parts/More'
import { DatasetLink, jobLabel, JobLink, LineageLink, Owners, Tags } from '../parts/Names'
import { Time, Took } from '../parts/Now'
import { Answer, Facts, Nothing, Panel } from '../parts/Panel'
import { RunRows } from '../parts/RunRows'
import { StateBadge, Ticks } from '../parts/State'
import { useTrail } from '../shell/crumbs'
import { external } from '../text/links'
import { counted } from '../text/numbers'
import { duration } from '../text/time'

const route = getRouteApi('/jobs/$id')

export default function Job() {
  const { id } = route.useParams()
  const answer = useApi<JobDetail>(`jobs/${encodeURIComponent(id)}`)
  return <div className="page-body">{<Answer of={answer}>{(job) => <Detail job={job} />}</Answer>}</div>
}

function Detail({ job }: { job: JobDetail }) {
  useTrail(
    jobLabel(job),
    <Link key="dags" to="/dags" className="link">
      DAGs
    </Link>,
    ...(job.parent
      ? [
          <Link key="parent" to="/jobs/$id" params={{ id: job.parent.id }} className="link">
            {jobLabel(job.parent)}
          </Link>,
        ]
      : []),
  )
  const durations = useApi<DurationsAnswer>(`jobs/${job.id}/durations`, { limit: 60 })
  const source = external(job.source_url)
  return (
    <>
      <div>
        <div className="title">
          <StateBadge state={job.last_run?.state ?? null} />
          <h1 className="mono">{jobLabel(job)}</h1>
          <span className="end row">
            <LineageLink node={job.node} />
            {source && (
              <a className="button" href={source} target="_blank" rel="noreferrer">
                <ExternalLink size={14} aria-hidden />
                Source
              </a>
            )}
          </span>
        </div>
        <div className="subtitle">
          <span>{[job.kind, job.operator].filter(Boolean).join(' · ')}</span>
          {job.schedule && <span>schedule {job.schedule}</span>}
          {job.last_run && (
            <span>
              last run{' '}
              <Link to="/runs/$id" params={{ id: job.last_run.id }} className="link">
                <Time at={job.last_run.started_at ?? job.last_run.ended_at} />
              </Link>
              , <Took run={job.last_run} />
            </span>
          )}
          {job.p50 !== null && (
            <span>
              usually {duration(job.p50)}
              {job.p95 !== null && `, at most ${duration(job.p95)} in 95%`}
            </span>
          )}
          {job.owners.length > 0 && <Owners of={job.owners} />}
          <Tags of={job.tags} />
          <span className="mono faint">{job.namespace}</span>
        </div>
        {job.description && <p style={{ marginTop: 8, maxWidth: '80ch', whiteSpace: 'pre-line' }}>{job.description}</p>}
      </div>
      <Panel title="Duration" note={durations.data ? counted(durations.data.runs.length, 'run') : null}>
        <Answer of={durations} rows={3}>
          {({ runs, p50, p95 }) => <Durations runs={runs} p50={p50} p95={p95} />}
        </Answer>
      </Panel>
      {job.kind === 'dag' ? <Dag job={job} /> : <Task job={job} />}
    </>
  )
}

function Dag({ job }: { job: JobDetail }) {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const where = { dag_id: job.dag_id ?? job.name, namespace: job.namespace }
  const runs = useApi<{ items: Run[] }>('runs', { ...where, kind: 'dag', limit: 25 })
  const tasks = useApi<{ items: Run[] }>('runs', { ...where, kind: 'task', limit: 500 })
  const chosen = search.run ?? runs.data?.items[0]?.id
  return (
    <>
      <Panel title="Runs" note="newest to the right; choose one to see when its tasks ran">
        <Answer of={runs} rows={4}>
          {({ items }) => (
            <RunGrid
              runs={items}
              tasks={tasks.data?.items ?? []}
              order={job.children.map((child) => child.task_id ?? child.name)}
              chosen={chosen}
              onChoose={(run) => void navigate({ search: (before) => ({ ...before, run }), replace: true })}
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
          When each task ran{' '}
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
        {(found) => <Gantt runs={found.children} from={found.started_at} to={found.ended_at} />}
      </Answer>
    </Panel>
  )
}

function Failures({ runs }: { runs: Run[] }) {
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
                <td className="mono small" style={{ overflowWrap: 'anywhere' }}>
                  <Link to="/runs/$id" params={{ id: group.last.id }} className="link">
                    {group.text}
                  </Link>
                </td>
                <td className="mono small">{group.tasks.join(', ')}</td>
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

function Tasks({ tasks }: { tasks: JobItem[] }) {
  return (
    <Panel title="Tasks" note={counted(tasks.length, 'task')} flush>
      {tasks.length ? (
        <div className="scroll">
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
                  <td className="right">{task.last_run ? <Took run={task.last_run} /> : <span className="faint">–</span>}</td>
                  <td className="right num muted">{task.p50 === null ? <span className="faint">–</span> : duration(task.p50)}</td>
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
        <Nothing title="No task is known yet">The first event of a DAG run names its tasks.</Nothing>
      )}
    </Panel>
  )
}

function Datasets({ inputs, outputs }: { inputs: DatasetRef[]; outputs: DatasetRef[] }) {
  if (!inputs.length && !outputs.length) return null
  return (
    <div className="columns">
      <DatasetList title="Reads" datasets={inputs} none="It has not been seen reading anything." />
      <DatasetList title="Writes" datasets={outputs} none="It has not been seen writing anything." />
    </div>
  )
}

function DatasetList({ title, datasets, none }: { title: string; datasets: DatasetRef[]; none: string }) {
  return (
    <Panel title={title} note={counted(datasets.length, 'dataset')}>
      {datasets.length ? (
        datasets.map((dataset) => (
          <div key={dataset.id} className="item">
            <DatasetLink dataset={dataset} />
            <span className="end muted small">
              {dataset.written_at ? (
                <>
                  written <Time at={dataset.written_at} />
                </>
              ) : null}
            </span>
          </div>
        ))
      ) : (
        <span className="muted small">{none}</span>
      )}
    </Panel>
  )
}

function Task({ job }: { job: JobDetail }) {
  const runs = useList<Run>('runs', { namespace: job.namespace, job: job.name, limit: 25 })
  return (
    <>
      <Datasets inputs={job.inputs} outputs={job.outputs} />
      <Panel title="Runs" flush>
        <Answer of={runs}>
          {({ pages }) => {
            const items = pages.flatMap((page) => page.items)
            return items.length ? <RunRows runs={items} /> : <Nothing title="It has not run yet" />
          }}
        </Answer>
        <More of={runs} />
      </Panel>
      <Failures runs={runs.data?.pages.flatMap((page) => page.items) ?? []} />
      {(job.upstream_tasks.length > 0 || job.downstream_tasks.length > 0) && (
        <Panel title="In its DAG">
          <Facts
            left
            of={[
              ['After', job.upstream_tasks.join(', ')],
              ['Before', job.downstream_tasks.join(', ')],
            ]}
          />
        </Panel>
      )}
      {job.children.length > 0 && <Tasks tasks={job.children} />}
      {job.sql && (
        <Panel title="SQL">
          <pre className="code" tabIndex={0} role="region" aria-label="SQL">
            {job.sql}
          </pre>
        </Panel>
      )}
      {job.source_code && (
        <Panel title="Source code">
          <pre className="code" tabIndex={0} role="region" aria-label="Source code">
            {job.source_code}
          </pre>
        </Panel>
      )}
    </>
  )
}
