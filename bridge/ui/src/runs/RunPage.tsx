import { getRouteApi, Link } from '@tanstack/react-router'
import { Assertions, FailedAssertions } from '../parts/Assertions'
import { ExternalLink } from 'lucide-react'
import type { RunDetail } from '../api/schema'
import { useApi } from '../api/client'
import { Gantt } from '../charts/Gantt'
import { taskLabel } from '../charts/taskRows'
import { LineageLink } from '../parts/Names'
import { Time } from '../parts/Now'
import { Answer, Facts, Json, Panel } from '../parts/Panel'
import { RunTable } from './RunTable'
import { StateBadge } from '../parts/State'
import { WholeDuration } from './WholeDuration'
import { useTrail } from '../shell/crumbs'
import { counted } from '../text/numbers'
import { kindOf } from '../text/state'
import { external } from '../text/links'
import { ComparisonPanel } from './Comparison'
import { RunEvents } from '../events/RunEvents'
import { FailedTasks } from './FailedTasks'
import { RunDatasets } from './RunDatasets'

const route = getRouteApi('/runs/$id')

export default function Run() {
  const { id } = route.useParams()
  const answer = useApi<RunDetail>(`runs/${encodeURIComponent(id)}`)
  return (
    <div className="page-body">{<Answer of={answer}>{(run) => <Detail run={run} />}</Answer>}</div>
  )
}

const nodeOf = (run: RunDetail) => `job:${run.job.namespace}:${run.job.name}`

function Detail({ run }: { run: RunDetail }) {
  const name = run.kind === 'dag' ? (run.dag_run_id ?? run.run_id) : taskLabel(run)
  useTrail(
    name,
    <Link key="runs" to="/runs" className="link">
      Runs
    </Link>,
    ...(run.parent
      ? [
          <Link key="parent" to="/runs/$id" params={{ id: run.parent.id }} className="link">
            {run.parent.dag_id ?? run.parent.label}
          </Link>,
        ]
      : []),
  )
  const inAirflow = external(run.url)
  return (
    <>
      <div>
        <div className="title">
          <StateBadge state={run.state} />
          <FailedAssertions of={run} />
          <h1 className="mono">{name}</h1>
          <span className="end row">
            <LineageLink node={nodeOf(run)} />
            {inAirflow && (
              <a className="button" data-primary href={inAirflow} target="_blank" rel="noreferrer">
                <ExternalLink size={14} aria-hidden />
                Open in Airflow
              </a>
            )}
          </span>
        </div>
        <div className="subtitle">
          <span>
            {kindOf(run.kind)} of{' '}
            <Link
              to="/jobs/$id"
              params={{ id: `${run.job.namespace}:${run.job.name}` }}
              className="link mono"
            >
              {run.job.name}
            </Link>
          </span>
          <span>
            started <Time at={run.started_at} as="clock" />
          </span>
          <span>
            took <WholeDuration run={run} />
          </span>
          {run.try_number ? (
            <span>
              {run.max_tries !== null && run.max_tries > 0
                ? `try ${run.try_number} of ${run.max_tries + 1}`
                : `try ${run.try_number}`}
            </span>
          ) : null}
        </div>
      </div>
      {run.kind === 'dag' && <FailedTasks runs={run.children} />}
      {run.error_text &&
        !(
          run.error_text.message === 'task_failure' &&
          run.children.some((child) => child.state === 'failed')
        ) && (
          <Panel title="Error">
            <pre className="error" tabIndex={0} role="region" aria-label="Error and stack trace">
              <b>{run.error_text.message}</b>
              {run.error_text.stack_trace && run.error_text.stack_trace !== run.error_text.message
                ? `\n\n${run.error_text.stack_trace}`
                : ''}
            </pre>
          </Panel>
        )}
      {run.children.length > 0 && (
        <Panel
          title={run.kind === 'dag' ? 'Task timeline' : 'Child runs'}
          note={counted(run.children.length, 'run')}
        >
          <Gantt of={run} runs={run.children} critical={run.critical_path} />
        </Panel>
      )}
      {run.assertions.length > 0 && (
        <Panel
          title="Assertions"
          note={`${counted(run.failed_assertions, 'failed assertion')} of ${run.assertions.length}`}
          flush
        >
          <Assertions of={run.assertions} named />
        </Panel>
      )}
      {run.kind !== 'dag_file' && <ComparisonPanel run={run} />}
      {run.datasets.length > 0 && <RunDatasets datasets={run.datasets} />}
      <div className="columns">
        <Panel title="Facts">
          <Facts
            left
            of={[
              [
                'DAG run',
                run.parent ? (
                  <Link
                    key="run"
                    to="/runs/$id"
                    params={{ id: run.parent.id }}
                    className="link mono"
                  >
                    {run.dag_run_id ?? run.parent.run_id}
                  </Link>
                ) : null,
              ],
              ['Run type', run.run_type],
              ['Triggered by', run.triggered_by],
              [
                'Queued',
                run.queued_at ? <Time key="queued" at={run.queued_at} as="exact" /> : null,
              ],
              [
                'Started',
                run.started_at ? <Time key="started" at={run.started_at} as="exact" /> : null,
              ],
              ['Ended', run.ended_at ? <Time key="ended" at={run.ended_at} as="exact" /> : null],
              [
                'Data interval',
                run.nominal_start_at ? (
                  <span key="interval">
                    <Time at={run.nominal_start_at} as="clock" /> –{' '}
                    <Time at={run.nominal_end_at} as="clock" />
                  </span>
                ) : null,
              ],
              [
                'Operator',
                run.operator ? (
                  <span key="operator" className="mono small">
                    {run.operator}
                  </span>
                ) : null,
              ],
              ['Pool', run.pool],
              ['Queue', run.queue],
              ['Engine', run.engine],
              [
                'OpenLineage run',
                <span key="id" className="mono small">
                  {run.run_id}
                </span>,
              ],
            ]}
          />
        </Panel>
        {run.tries.length > 1 && (
          <Panel title="Tries" flush>
            <RunTable runs={run.tries} tries current={run.id} />
          </Panel>
        )}
      </div>
      {run.left_out.length > 0 && (
        <Panel title="Not parsed" note={counted(run.left_out.length, 'part')}>
          <p className="muted">These parts of its events could not be parsed; the rest is used.</p>
          <ul className="mono small words">
            {run.left_out.map((part) => (
              <li key={part}>{part}</li>
            ))}
          </ul>
        </Panel>
      )}
      <RunEvents events={run.events} />
      {Object.keys(run.facts).length > 0 && (
        <Panel title="Other facets">
          <Json of={run.facts} label="Other facets" />
        </Panel>
      )}
    </>
  )
}
