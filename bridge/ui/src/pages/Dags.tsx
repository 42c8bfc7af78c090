import { getRouteApi, Link } from '@tanstack/react-router'
import type { JobItem } from '../api/schema'
import { useList } from '../api/client'
import { Choice, Filter } from '../parts/Filter'
import { More } from '../parts/More'
import { JobLink, Owners, Tags } from '../parts/Names'
import { NamespaceChoice } from '../parts/NamespaceChoice'
import { Time, Took } from '../parts/Now'
import { Answer, Nothing } from '../parts/Panel'
import { StateBadge, Ticks } from '../parts/State'
import { useTrail } from '../shell/crumbs'
import { firstLine } from '../text/names'
import { against } from '../text/numbers'
import { duration } from '../text/time'

const route = getRouteApi('/dags')
const kinds: [string, string][] = [
  ['task', 'Tasks'],
  ['query', 'Queries'],
  ['job', 'Other jobs'],
  ['dag_file', 'DAG files'],
]

export default function Dags() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const kind = search.kind ?? (search.lineage ? undefined : 'dag')
  const title = search.lineage
    ? 'Jobs without lineage'
    : kind === 'dag'
      ? 'DAGs'
      : (kinds.find(([name]) => name === kind)?.[1] ?? 'Jobs')
  useTrail(title)
  const list = useList<JobItem>('jobs', {
    kind,
    q: search.q,
    namespace: search.namespace,
    lineage: search.lineage,
    limit: 50,
  })
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  return (
    <div className="page-body">
      <div className="title">
        <h1>{title}</h1>
        <div className="filters end">
          <Filter label="Filter by name" value={search.q} onChange={(q) => set({ q })} />
          <NamespaceChoice value={search.namespace} onChange={(namespace) => set({ namespace })} />
          <Choice
            label="Any lineage"
            options={[['none', 'Without lineage']]}
            value={search.lineage}
            onChange={(lineage) => set({ lineage })}
          />
          <Choice
            label={search.lineage ? 'Any kind' : 'DAGs'}
            options={kinds}
            value={search.kind}
            onChange={(next) => set({ kind: next })}
          />
        </div>
      </div>
      <div className="panel">
        <Answer of={list} rows={12}>
          {({ pages }) => (
            <Rows
              jobs={pages.flatMap((page) => page.items)}
              filtered={Boolean(search.q || search.namespace || search.lineage)}
              dags={kind === 'dag'}
            />
          )}
        </Answer>
        <More of={list} />
      </div>
    </div>
  )
}

function Rows({ jobs, filtered, dags }: { jobs: JobItem[]; filtered: boolean; dags: boolean }) {
  if (!jobs.length) {
    return filtered ? (
      <Nothing title="Nothing matches">Loosen the filter to see more.</Nothing>
    ) : (
      <Nothing title="None has been seen yet">They appear with the first event of a run.</Nothing>
    )
  }
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th>Name</th>
            <th>State</th>
            <th>Last run</th>
            <th className="right">Took</th>
            <th className="right">Usually</th>
            <th>Newest runs</th>
            {dags && <th>Schedule</th>}
            {dags && <th className="right">Tasks</th>}
            <th>Owner</th>
            <th>Tags</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.id}>
              <td className="name">
                <JobLink job={job} full />
                {job.no_lineage && (
                  <span
                    className="muted small"
                    style={{ display: 'block', paddingLeft: 21, whiteSpace: 'normal' }}
                  >
                    {job.no_lineage}
                  </span>
                )}
                {job.description && (
                  <span
                    className="faint small cut"
                    style={{ display: 'block', paddingLeft: 21 }}
                    title={firstLine(job.description)}
                  >
                    {firstLine(job.description)}
                  </span>
                )}
              </td>
              <td>
                <StateBadge state={job.last_run?.state ?? null} />
              </td>
              <td className="muted" style={{ whiteSpace: 'nowrap' }}>
                {job.last_run ? (
                  <Link to="/runs/$id" params={{ id: job.last_run.id }} className="link">
                    <Time
                      at={
                        job.last_run.started_at ?? job.last_run.queued_at ?? job.last_run.ended_at
                      }
                    />
                  </Link>
                ) : (
                  <span className="faint">–</span>
                )}
              </td>
              <td className="right" style={{ whiteSpace: 'nowrap' }}>
                {job.last_run ? <Took run={job.last_run} /> : <span className="faint">–</span>}{' '}
                <Against run={job.last_run?.duration ?? null} usual={job.p50} />
              </td>
              <td
                className="right num muted"
                style={{ whiteSpace: 'nowrap' }}
                title={job.p95 === null ? undefined : `p95 ${duration(job.p95)}`}
              >
                {job.p50 === null ? <span className="faint">–</span> : duration(job.p50)}
              </td>
              <td>
                <Ticks states={job.recent} />
              </td>
              {dags && (
                <td className="muted" style={{ whiteSpace: 'nowrap' }}>
                  {job.schedule ?? <span className="faint">–</span>}
                </td>
              )}
              {dags && <td className="right num">{job.tasks}</td>}
              <td>
                <Owners of={job.owners} />
              </td>
              <td>
                <Tags of={job.tags} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Against({ run, usual }: { run: number | null; usual: number | null }) {
  const told = against(run, usual)
  if (!told) return null
  return (
    <span
      className="small num"
      style={{ color: told.percent > 30 ? 'var(--warn-text)' : 'var(--faint)' }}
    >
      {told.text}
    </span>
  )
}
