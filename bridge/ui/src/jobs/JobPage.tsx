import { getRouteApi, Link } from '@tanstack/react-router'
import { ExternalLink } from 'lucide-react'
import type { Durations as DurationsAnswer, JobDetail } from '../api/schema'
import { useApi } from '../api/client'
import { Durations } from '../charts/Durations'
import { OutlookPanel } from '../outlook/OutlookPanel'
import { Forget } from '../parts/Forget'
import { Markdown } from '../parts/Markdown'
import { jobLabel, LineageLink, Owners, Tags } from '../parts/Names'
import { Time } from '../parts/Now'
import { Answer, Panel } from '../parts/Panel'
import { Presence } from '../parts/Presence'
import { StateBadge } from '../parts/State'
import { WholeDuration } from '../runs/WholeDuration'
import { useTrail } from '../shell/crumbs'
import { external } from '../text/links'
import { counted } from '../text/numbers'
import { jobKindOf } from '../text/state'
import { duration } from '../text/time'
import { Dag } from './Dag'
import { Task } from './Task'

const route = getRouteApi('/jobs/$id')

export default function Job() {
  const { id } = route.useParams()
  const answer = useApi<JobDetail>(`jobs/${encodeURIComponent(id)}`)
  return (
    <div className="page-body">{<Answer of={answer}>{(job) => <Detail job={job} />}</Answer>}</div>
  )
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
  const inAirflow = external(job.last_run?.url)
  return (
    <>
      <div>
        <div className="title">
          <StateBadge state={job.last_run?.state ?? null} />
          <h1 className="mono">{jobLabel(job)}</h1>
          <Presence stale={job.stale} gone={job.gone} />
          <span className="end row">
            <LineageLink node={job.node} />
            {inAirflow && (
              <a className="button" href={inAirflow} target="_blank" rel="noreferrer">
                <ExternalLink size={14} aria-hidden />
                Open in Airflow
              </a>
            )}
            {source && (
              <a className="button" href={source} target="_blank" rel="noreferrer">
                <ExternalLink size={14} aria-hidden />
                Source
              </a>
            )}
          </span>
        </div>
        <div className="subtitle">
          <span>{[jobKindOf(job.kind), job.operator].filter(Boolean).join(' · ')}</span>
          {job.schedule && <span>schedule {job.schedule}</span>}
          {job.last_run && (
            <span>
              last run{' '}
              <Link to="/runs/$id" params={{ id: job.last_run.id }} className="link">
                <Time at={job.last_run.started_at ?? job.last_run.ended_at} />
              </Link>
              , <WholeDuration run={job.last_run} />
            </span>
          )}
          {job.p50 !== null && (
            <span>
              usually {duration(job.p50)}
              {job.p95 !== null && `, 95% below ${duration(job.p95)}`}
            </span>
          )}
          {job.owners.length > 0 && <Owners of={job.owners} />}
          <Tags of={job.tags} />
          <span className="mono faint">{job.namespace}</span>
        </div>
        {job.description && <Markdown text={job.description} />}
      </div>
      <OutlookPanel node={job.node} />
      <Panel
        title="Duration"
        note={durations.data ? counted(durations.data.runs.length, 'run') : null}
      >
        <Answer of={durations} rows={3}>
          {({ runs, p50, p95 }) => <Durations runs={runs} p50={p50} p95={p95} />}
        </Answer>
      </Panel>
      {job.kind === 'dag' ? <Dag job={job} /> : <Task job={job} />}
      <Forget node={job.node} to="/dags" />
    </>
  )
}
