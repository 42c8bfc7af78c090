import { Link } from '@tanstack/react-router'
import { CircleCheck, TriangleAlert } from 'lucide-react'
import type { DatasetItem, Health as HealthAnswer, JobItem, Overview, Run, SourceHealth } from '../api/schema'
import { useApi } from '../api/client'
import { DatasetLink, jobLabel, JobLink } from '../parts/Names'
import { Time, Took, useNow } from '../parts/Now'
import { Answer, Nothing, Panel } from '../parts/Panel'
import { Badge, StateBadge, Ticks } from '../parts/State'
import { useTrail } from '../shell/crumbs'
import { count, counted } from '../text/numbers'

export default function Health() {
  useTrail('Health')
  const overview = useApi<Overview>('overview')
  const health = useApi<HealthAnswer>('health')
  return (
    <div className="page-body">
      <h1 className="hidden-text">Health</h1>
      <Answer of={overview} rows={10}>
        {(now) => (
          <>
            <Headline overview={now} problems={health.data?.problems ?? []} />
            <Figures overview={now} health={health.data} />
            {now.counts.runs ? <Facts overview={now} /> : <Welcome />}
          </>
        )}
      </Answer>
    </div>
  )
}

function Headline({ overview, problems }: { overview: Overview; problems: string[] }) {
  const failing = overview.failing.length
  const Icon = failing || problems.length ? TriangleAlert : CircleCheck
  const names = overview.failing.slice(0, 2).map(jobLabel)
  const more = failing - names.length
  const sentence = failing
    ? `${names.join(' and ')}${more > 0 ? ` and ${counted(more, 'other DAG')}` : ''} failed in ${failing === 1 ? 'its' : 'their'} newest run`
    : overview.counts.runs
      ? 'Every DAG succeeded in its newest run'
      : 'No run has been seen yet'
  return (
    <div className="title" style={{ flexWrap: 'nowrap', alignItems: 'flex-start' }}>
      <Icon size={22} color={failing ? 'var(--bad)' : problems.length ? 'var(--warn)' : 'var(--ok)'} aria-hidden style={{ marginTop: 3, flex: 'none' }} />
      <div style={{ minWidth: 0 }}>
        <p style={{ font: '640 19px/28px var(--sans)', overflowWrap: 'anywhere' }}>{sentence}</p>
        {problems.map((problem) => (
          <p key={problem} className="muted">
            {problem}
          </p>
        ))}
      </div>
    </div>
  )
}

function Figures({ overview, health }: { overview: Overview; health: HealthAnswer | undefined }) {
  const { counts } = overview
  return (
    <div className="strip">
      <Link to="/dags" className="figure">
        <b>{count(counts.dags ?? 0)}</b>
        <span>DAGs</span>
      </Link>
      <Link to="/datasets" className="figure">
        <b>{count(counts.datasets ?? 0)}</b>
        <span>datasets</span>
      </Link>
      <Link to="/runs" className="figure">
        <b>{count(counts.runs ?? 0)}</b>
        <span>runs seen</span>
      </Link>
      <Link to="/runs" search={{ state: 'running' }} className="figure">
        <b>{count(counts.running ?? 0)}</b>
        <span>running now</span>
      </Link>
      <Link to="/runs" search={{ state: 'failed' }} className="figure">
        <b style={{ color: counts.failed ? 'var(--bad-text)' : undefined }}>{count(counts.failed ?? 0)}</b>
        <span>failed runs</span>
      </Link>
      {health && (
        <div className="figure">
          <b>{count(health.inbox.waiting)}</b>
          <span>{health.inbox.quarantined ? `events waiting, ${count(health.inbox.quarantined)} not understood` : 'events waiting'}</span>
        </div>
      )}
    </div>
  )
}

function Facts({ overview }: { overview: Overview }) {
  return (
    <>
      {overview.failing.length > 0 && <Failing dags={overview.failing} />}
      <div className="columns">
        <Recent runs={overview.recent_runs} running={overview.running} />
        <Stale datasets={overview.stale} />
      </div>
      <Sources sources={overview.sources} />
    </>
  )
}

function Failing({ dags }: { dags: JobItem[] }) {
  return (
    <Panel title="Failing" note="newest failure first" flush>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th>DAG</th>
              <th>Failed</th>
              <th>Error</th>
              <th>Last runs</th>
            </tr>
          </thead>
          <tbody>
            {dags.map((dag) => (
              <tr key={dag.id}>
                <td className="name">
                  <JobLink job={dag} />
                </td>
                <td style={{ whiteSpace: 'nowrap' }}>
                  <span className="row">
                    <StateBadge state={dag.last_run?.state ?? null} />
                    {dag.last_run && (
                      <Link to="/runs/$id" params={{ id: dag.last_run.id }} className="link small">
                        <Time at={dag.last_run.ended_at ?? dag.last_run.started_at} />
                      </Link>
                    )}
                  </span>
                </td>
                <td className="mono small" style={{ maxWidth: 520, overflowWrap: 'anywhere' }}>
                  {dag.last_run?.error?.split('\n')[0] ?? <span className="faint">no error text</span>}
                </td>
                <td>
                  <Ticks states={dag.recent} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}

function Recent({ runs, running }: { runs: Run[]; running: Run[] }) {
  const shown = [...running, ...runs.filter((run) => !running.some((other) => other.id === run.id))].slice(0, 14)
  return (
    <Panel
      title="Newest DAG runs"
      note={
        <Link to="/runs" search={{ kind: 'dag' }} className="link">
          all runs
        </Link>
      }
      flush
    >
      {shown.length ? (
        <div className="scroll">
          <table>
            <thead>
              <tr>
                <th>DAG</th>
                <th>State</th>
                <th className="right">Took</th>
                <th className="right">Started</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((run) => (
                <tr key={run.id}>
                  <td className="name cut">
                    <Link to="/runs/$id" params={{ id: run.id }} className="link mono" title={run.dag_run_id ?? run.run_id}>
                      {run.dag_id ?? run.job.name}
                    </Link>
                  </td>
                  <td>
                    <StateBadge state={run.state} />
                  </td>
                  <td className="right">
                    <Took run={run} />
                  </td>
                  <td className="right muted">
                    <Time at={run.started_at} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <Nothing title="No DAG has run yet" />
      )}
    </Panel>
  )
}

function Stale({ datasets }: { datasets: DatasetItem[] }) {
  return (
    <Panel title="Written longest ago" note="counting successful writes" flush>
      {datasets.length ? (
        <div className="scroll">
          <table>
            <thead>
              <tr>
                <th>Dataset</th>
                <th>Last writer</th>
                <th className="right">Written</th>
              </tr>
            </thead>
            <tbody>
              {datasets.slice(0, 10).map((dataset) => (
                <tr key={dataset.id}>
                  <td className="name">
                    <DatasetLink dataset={dataset} platform={dataset.platform} />
                  </td>
                  <td>{dataset.state ? <StateBadge state={dataset.state} /> : <span className="faint">–</span>}</td>
                  <td className="right muted">
                    <Time at={dataset.written_at} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <Nothing title="Nothing has been written yet">A dataset appears here after the first successful run that writes it.</Nothing>
      )}
    </Panel>
  )
}

function Sources({ sources }: { sources: SourceHealth[] }) {
  const now = useNow()
  if (!sources.length) return null
  return (
    <Panel title="Where events come from" flush>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th>Namespace</th>
              <th>Integration</th>
              <th className="right">Jobs</th>
              <th className="right">Last event</th>
            </tr>
          </thead>
          <tbody>
            {sources.map((source) => {
              const quiet = now - Date.parse(source.last_event_at) > 24 * 3600 * 1000
              return (
                <tr key={source.namespace}>
                  <td className="mono">{source.namespace}</td>
                  <td>{source.integration ?? <span className="faint">–</span>}</td>
                  <td className="right num">{count(source.jobs)}</td>
                  <td className="right">
                    {quiet ? (
                      <Badge tone="warn">
                        quiet: <Time at={source.last_event_at} />
                      </Badge>
                    ) : (
                      <span className="muted">
                        <Time at={source.last_event_at} />
                      </span>
                    )}
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}

function Welcome() {
  return (
    <Panel title="Waiting for the first event">
      <p style={{ marginBottom: 10 }}>
        Point an OpenLineage producer at this bridge. In Airflow, install <span className="mono">airflow-provider-fairlead</span> and name this bridge in the configuration:
      </p>
      <pre className="code">{`[fairlead]\nurl = ${new URL('.', document.baseURI).toString().replace(/\/$/, '')}`}</pre>
    </Panel>
  )
}
