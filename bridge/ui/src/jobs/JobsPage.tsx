import { getRouteApi, Link } from '@tanstack/react-router'
import type { JobItem } from '../api/schema'
import { useList } from '../api/client'
import { Choice, Filter } from '../parts/Filter'
import { More } from '../parts/More'
import { JobLink, Owners, Tags } from '../parts/Names'
import { NamespaceChoice } from '../parts/NamespaceChoice'
import { Time, RunDuration } from '../parts/Now'
import { Answer, Empty } from '../parts/Panel'
import { Presence } from '../parts/Presence'
import { StateBadge, Ticks } from '../parts/State'
import { Table } from '../parts/Table'
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
      <Empty title="No jobs match">Change the filter to see more.</Empty>
    ) : (
      <Empty title="No jobs yet">Jobs appear with the first event of a run.</Empty>
    )
  }
  return (
    <Table
      columns={[
        {
          title: 'Name',
          className: 'name',
          cell: (job) => (
            <>
              <span className="row">
                <JobLink job={job} full />
                <Presence stale={job.stale} gone={job.gone} />
              </span>
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
            </>
          ),
        },
        { title: 'State', cell: (job) => <StateBadge state={job.last_run?.state ?? null} /> },
        {
          title: 'Last run',
          className: 'muted nowrap',
          cell: (job) =>
            job.last_run ? (
              <Link to="/runs/$id" params={{ id: job.last_run.id }} className="link">
                <Time
                  at={job.last_run.started_at ?? job.last_run.queued_at ?? job.last_run.ended_at}
                />
              </Link>
            ) : (
              <span className="faint">–</span>
            ),
        },
        {
          title: 'Duration',
          right: true,
          className: 'nowrap',
          cell: (job) => (
            <>
              {job.last_run ? <RunDuration run={job.last_run} /> : <span className="faint">–</span>}{' '}
              <Against run={job.last_run?.duration ?? null} usual={job.p50} />
            </>
          ),
        },
        {
          title: 'Usually',
          right: true,
          className: 'num muted nowrap',
          cell: (job) => (
            <span className="cut" title={job.p95 === null ? undefined : `p95 ${duration(job.p95)}`}>
              {job.p50 === null ? <span className="faint">–</span> : duration(job.p50)}
            </span>
          ),
        },
        { title: 'Recent runs', cell: (job) => <Ticks states={job.recent} /> },
        dags && {
          title: 'Schedule',
          className: 'muted nowrap',
          cell: (job) => job.schedule ?? <span className="faint">–</span>,
        },
        dags && { title: 'Tasks', right: true, className: 'num', cell: (job) => job.tasks },
        { title: 'Owner', cell: (job) => <Owners of={job.owners} /> },
        { title: 'Tags', cell: (job) => <Tags of={job.tags} /> },
      ]}
      rows={jobs}
      rowKey={(job) => job.id}
    />
  )
}

function Against({ run, usual }: { run: number | null; usual: number | null }) {
  const change = against(run, usual)
  if (!change) return null
  return (
    <span
      className="small num"
      style={{ color: change.percent > 30 ? 'var(--warn-text)' : 'var(--faint)' }}
    >
      {change.text}
    </span>
  )
}
