import { getRouteApi, Link } from '@tanstack/react-router'
import { ExternalLink } from 'lucide-react'
import { useState } from 'react'
import type { EventSummary, RunDataset, RunDetail } from '../api/schema'
import { useApi } from '../api/client'
import { Gantt } from '../charts/Gantt'
import { laneLabel } from '../charts/lanes'
import { DatasetLink, LineageLink } from '../parts/Names'
import { Time, Took } from '../parts/Now'
import { Answer, Bones, Facts, Json, Nothing, Panel, Problem } from '../parts/Panel'
import { RunRows } from '../parts/RunRows'
import { StateBadge } from '../parts/State'
import { useTrail } from '../shell/crumbs'
import { bytes, count, counted } from '../text/numbers'
import { external } from '../text/links'

const route = getRouteApi('/runs/$id')

export default function Run() {
  const { id } = route.useParams()
  const answer = useApi<RunDetail>(`runs/${encodeURIComponent(id)}`)
  return <div className="page-body">{<Answer of={answer}>{(run) => <Detail run={run} />}</Answer>}</div>
}

const nodeOf = (run: RunDetail) => `job:${run.job.namespace}:${run.job.name}`

function Detail({ run }: { run: RunDetail }) {
  const name = run.kind === 'dag' ? (run.dag_run_id ?? run.run_id) : laneLabel(run)
  useTrail(
    name,
    <Link key="runs" to="/runs" className="link">
      Runs
    </Link>,
    ...(run.parent
      ? [
          <Link key="parent" to="/runs/$id" params={{ id: run.parent.id }} className="link">
            {run.parent.dag_id ?? run.parent.job.name}
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
            {run.kind} of{' '}
            <Link to="/lineage" search={{ focus: nodeOf(run) }} className="link mono">
              {run.job.name}
            </Link>
          </span>
          <span>
            started <Time at={run.started_at} as="clock" />
          </span>
          <span>
            took <Took run={run} />
          </span>
          {run.try_number ? <span>{run.max_tries !== null && run.max_tries > 0 ? `try ${run.try_number} of ${run.max_tries + 1}` : `try ${run.try_number}`}</span> : null}
        </div>
      </div>
      {run.error_text && (
        <Panel title="Error">
          <pre className="error" tabIndex={0} role="region" aria-label="Error and stack trace">
            <b>{run.error_text.message}</b>
            {run.error_text.stack_trace && run.error_text.stack_trace !== run.error_text.message ? `\n\n${run.error_text.stack_trace}` : ''}
          </pre>
        </Panel>
      )}
      {run.children.length > 0 && (
        <Panel title={run.kind === 'dag' ? 'When each task ran' : 'What it ran'} note={counted(run.children.length, 'run')}>
          <Gantt runs={run.children} from={run.started_at} to={run.ended_at} />
        </Panel>
      )}
      {run.datasets.length > 0 && <Datasets datasets={run.datasets} />}
      <div className="columns">
        <Panel title="Facts">
          <Facts
            of={[
              ['DAG run', run.parent ? <Link key="run" to="/runs/$id" params={{ id: run.parent.id }} className="link mono">{run.dag_run_id ?? run.parent.run_id}</Link> : null],
              ['Run type', run.run_type],
              ['Triggered by', run.triggered_by],
              ['Queued', run.queued_at ? <Time key="queued" at={run.queued_at} as="clock" /> : null],
              ['Started', run.started_at ? <Time key="started" at={run.started_at} as="clock" /> : null],
              ['Ended', run.ended_at ? <Time key="ended" at={run.ended_at} as="clock" /> : null],
              ['Data interval', run.nominal_start_at ? (
                <span key="interval">
                  <Time at={run.nominal_start_at} as="clock" /> – <Time at={run.nominal_end_at} as="clock" />
                </span>
              ) : null],
              ['Operator', run.operator ? <span key="operator" className="mono small">{run.operator}</span> : null],
              ['Pool', run.pool],
              ['Queue', run.queue],
              ['Engine', run.engine],
              ['OpenLineage run', <span key="id" className="mono small">{run.run_id}</span>],
            ]}
          />
        </Panel>
        {run.tries.length > 1 && (
          <Panel title="Tries" flush>
            <RunRows runs={run.tries} tries current={run.id} />
          </Panel>
        )}
      </div>
      <Events events={run.events} />
      {Object.keys(run.facts).length > 0 && (
        <Panel title="What else the events said">
          <Json of={run.facts} label="Further facts" />
        </Panel>
      )}
    </>
  )
}

function Datasets({ datasets }: { datasets: RunDataset[] }) {
  return (
    <Panel title="Read and written" flush>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th>Dataset</th>
              <th>Role</th>
              <th className="right">Rows</th>
              <th className="right">Size</th>
              <th className="right">Files</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {[...datasets]
              .sort((a, b) => a.role.localeCompare(b.role))
              .map((item) => (
                <tr key={`${item.role} ${item.dataset.id}`}>
                  <td className="name">
                    <DatasetLink dataset={item.dataset} />
                  </td>
                  <td>{item.role === 'input' ? 'read' : 'written'}</td>
                  <td className="right num">{item.row_count === null ? <span className="faint">–</span> : count(item.row_count)}</td>
                  <td className="right num">{item.byte_count === null ? <span className="faint">–</span> : bytes(item.byte_count)}</td>
                  <td className="right num">{item.file_count === null ? <span className="faint">–</span> : count(item.file_count)}</td>
                  <td className="right">
                    <LineageLink node={item.dataset.node} />
                  </td>
                </tr>
              ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}

function Events({ events }: { events: EventSummary[] }) {
  const [open, setOpen] = useState<number | null>(null)
  return (
    <Panel title="Events as received" note={counted(events.length, 'event')} flush>
      {events.length ? (
        <div className="scroll">
          <table>
            <thead>
              <tr>
                <th>Type</th>
                <th>Event time</th>
                <th>Received</th>
                <th className="right">Size</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {events.map((event) => (
                <EventRow key={event.id} event={event} open={open === event.id} toggle={() => setOpen(open === event.id ? null : event.id)} />
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <Nothing title="No event of its own">What is known about this run was told by its DAG run.</Nothing>
      )}
    </Panel>
  )
}

function EventRow({ event, open, toggle }: { event: EventSummary; open: boolean; toggle: () => void }) {
  return (
    <>
      <tr>
        <td>
          <span className="tag">{event.event_type ?? 'none'}</span>
        </td>
        <td className="mono small">{event.event_time ?? '–'}</td>
        <td className="muted">
          <Time at={event.received_at} as="clock" />
        </td>
        <td className="right num">{bytes(event.size)}</td>
        <td className="right">
          <button type="button" className="button" aria-expanded={open} onClick={toggle}>
            {open ? 'Hide' : 'Show'}
          </button>
        </td>
      </tr>
      {open && (
        <tr>
          <td colSpan={5}>
            <Body id={event.id} />
          </td>
        </tr>
      )}
    </>
  )
}

function Body({ id }: { id: number }) {
  const answer = useApi<unknown>(`events/${id}`)
  if (answer.data !== undefined) return <Json of={answer.data} label="The event" />
  return answer.error ? <Problem error={answer.error} /> : <Bones rows={4} />
}
