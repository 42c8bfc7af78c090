import { Link } from '@tanstack/react-router'
import { Crosshair, ExternalLink, TriangleAlert, X } from 'lucide-react'
import { useMemo } from 'react'
import type {
  Card,
  DatasetDetail,
  Durations as DurationsAnswer,
  Graph,
  Group,
  JobDetail,
} from '../api/schema'
import { useApi } from '../api/client'
import { Durations } from '../charts/Durations'
import { DatasetLink, JobLink, KnownBy, Owners, Tags, Tile } from '../parts/Names'
import { Moment, Time, Took } from '../parts/Now'
import { Answer, Facts } from '../parts/Panel'
import { SchemaLines } from '../parts/SchemaDiff'
import { Badge, StateBadge, Ticks } from '../parts/State'
import { external } from '../text/links'
import { fitted, shortName } from '../text/names'
import { counted } from '../text/numbers'
import { toneOf } from '../text/state'
import { duration } from '../text/time'
import { type Neighbours, reach } from './graph'

interface Props {
  graph: Graph
  neighbours: Neighbours
  selected: string
  asOf: string | undefined
  onSelect: (node: string) => void
  onFocus: (node: string) => void
  onClose: () => void
}

/** What is known about the chosen card, to the right of the graph. */
export function Inspector({
  graph,
  neighbours,
  selected,
  asOf,
  onSelect,
  onFocus,
  onClose,
}: Props) {
  const card = graph.cards.find((one) => one.node === selected)
  const group = graph.groups.find((one) => one.id === selected)
  if (!card && !group) return null
  return (
    <aside className="inspector" aria-label="Details of the chosen card">
      <Moment at={asOf}>
        {card ? (
          <Head card={card} graph={graph} onFocus={onFocus} onClose={onClose} />
        ) : group ? (
          <GroupHead group={group} onFocus={onFocus} onClose={onClose} />
        ) : null}
        {card?.kind === 'dataset' ? (
          <DatasetPart key={card.id} card={card} asOf={asOf} />
        ) : card ? (
          <JobPart key={card.id} id={card.id} asOf={asOf} />
        ) : group ? (
          <JobPart key={group.job_id} id={group.job_id} asOf={asOf} />
        ) : null}
        {card && <Impact card={card} graph={graph} neighbours={neighbours} onSelect={onSelect} />}
      </Moment>
    </aside>
  )
}

function Close({ onClose }: { onClose: () => void }) {
  return (
    <button
      type="button"
      className="icon-button end"
      aria-label="Close the details"
      onClick={onClose}
    >
      <X size={15} aria-hidden />
    </button>
  )
}

function Head({
  card,
  graph,
  onFocus,
  onClose,
}: {
  card: Card
  graph: Graph
  onFocus: (node: string) => void
  onClose: () => void
}) {
  const inAirflow = external(card.last_run?.url)
  const group = graph.groups.find((one) => one.id === card.group)
  return (
    <header>
      <div className="row">
        {card.kind === 'job' ? (
          <StateBadge state={card.state} />
        ) : (
          <Tile platform={card.platform} />
        )}
        <span className="muted small cut">
          {[
            card.kind === 'dataset' ? 'dataset' : (card.job_kind ?? 'job'),
            card.kind === 'dataset' ? card.namespace : (group?.label ?? card.dag_id),
          ]
            .filter(Boolean)
            .join(' · ')}
        </span>
        <Close onClose={onClose} />
      </div>
      <h2>{card.kind === 'dataset' ? shortName(card.name) : (card.label ?? card.name)}</h2>
      <div className="row wrap">
        {inAirflow ? (
          <a className="button" data-primary href={inAirflow} target="_blank" rel="noreferrer">
            <ExternalLink size={14} aria-hidden />
            Open in Airflow
          </a>
        ) : null}
        <Link
          to={card.kind === 'dataset' ? '/datasets/$id' : '/jobs/$id'}
          params={{ id: card.id }}
          className="button"
        >
          Its page
        </Link>
        {card.node !== graph.focus && (
          <button type="button" className="button" onClick={() => onFocus(card.node)}>
            <Crosshair size={14} aria-hidden />
            Focus
          </button>
        )}
      </div>
    </header>
  )
}

function GroupHead({
  group,
  onFocus,
  onClose,
}: {
  group: Group
  onFocus: (node: string) => void
  onClose: () => void
}) {
  return (
    <header>
      <div className="row">
        <StateBadge state={group.state} />
        <span className="muted small cut">DAG · {group.namespace}</span>
        <Close onClose={onClose} />
      </div>
      <h2>{group.label}</h2>
      <div className="row wrap">
        <button type="button" className="button" onClick={() => onFocus(group.id)}>
          <Crosshair size={14} aria-hidden />
          Focus
        </button>
        <span className="end">
          <Ticks states={group.recent} />
        </span>
      </div>
    </header>
  )
}

function JobPart({ id, asOf }: { id: string; asOf: string | undefined }) {
  const answer = useApi<JobDetail>(`jobs/${id}`, { as_of: asOf })
  const durations = useApi<DurationsAnswer>(`jobs/${id}/durations`, { limit: 24, as_of: asOf })
  return (
    <Answer of={answer}>
      {(job) => (
        <>
          {job.last_run?.error && (
            <section className="section">
              <h3>
                <TriangleAlert size={13} color="var(--bad)" aria-hidden />
                Error{job.last_run.try_number ? `, try ${job.last_run.try_number}` : ''}
                <span className="end">
                  <Time at={job.last_run.ended_at} />
                </span>
              </h3>
              <pre className="error" tabIndex={0} role="region" aria-label="Error">
                <b>{job.last_run.error}</b>
              </pre>
              <Link to="/runs/$id" params={{ id: job.last_run.id }} className="link small muted">
                with its stack trace
              </Link>
            </section>
          )}
          <section className="section">
            <h3>
              Duration
              <span className="end">
                {durations.data ? `last ${counted(durations.data.runs.length, 'run')}` : ''}
              </span>
            </h3>
            <Answer of={durations} rows={3}>
              {({ runs, p50, p95 }) => <Durations runs={runs} p50={p50} p95={p95} height={104} />}
            </Answer>
          </section>
          {job.input_changes.slice(0, 3).map(({ dataset, version }) => (
            <section key={dataset.id} className="section">
              <h3>
                What changed upstream
                <span className="end" title={dataset.name}>
                  {fitted(shortName(dataset.name), 20)} v{version.version - 1} → v{version.version},{' '}
                  <Time at={version.first_at} />
                </span>
              </h3>
              <SchemaLines changes={version.changes.slice(0, 8)} />
            </section>
          ))}
          <section className="section">
            <h3>Facts</h3>
            <Facts
              of={[
                [
                  'Last run',
                  job.last_run ? (
                    <Link
                      key="run"
                      to="/runs/$id"
                      params={{ id: job.last_run.id }}
                      className="link"
                    >
                      <Time at={job.last_run.started_at ?? job.last_run.ended_at} />,{' '}
                      <Took run={job.last_run} />
                    </Link>
                  ) : null,
                ],
                ['Usually', job.p50 === null ? null : duration(job.p50)],
                ['Schedule', job.schedule],
                [
                  'Operator',
                  job.operator ? (
                    <span key="operator" className="mono small">
                      {job.operator.split('.').at(-1)}
                    </span>
                  ) : null,
                ],
                ['Owner', job.owners.length ? <Owners key="owners" of={job.owners} /> : null],
                ['Tags', job.tags.length ? <Tags key="tags" of={job.tags} /> : null],
                ['Tasks', job.tasks ? job.tasks : null],
              ]}
            />
          </section>
          <References title="Reads" of={job.inputs} />
          <References title="Writes" of={job.outputs} />
        </>
      )}
    </Answer>
  )
}

function References({ title, of }: { title: string; of: JobDetail['inputs'] }) {
  if (!of.length) return null
  return (
    <section className="section">
      <h3>
        {title}
        <span className="end">{counted(of.length, 'dataset')}</span>
      </h3>
      {of.slice(0, 8).map((dataset) => (
        <div key={dataset.id} className="item">
          <DatasetLink dataset={dataset} />
        </div>
      ))}
    </section>
  )
}

function DatasetPart({ card, asOf }: { card: Card; asOf: string | undefined }) {
  const answer = useApi<DatasetDetail>(`datasets/${card.id}`, { as_of: asOf })
  return (
    <Answer of={answer}>
      {(dataset) => {
        const newest = dataset.versions[0]
        return (
          <>
            <section className="section">
              <h3>Facts</h3>
              <Facts
                of={[
                  ['Written', <Time key="written" at={dataset.written_at} />],
                  ['By', dataset.written_by ? <JobLink key="by" job={dataset.written_by} /> : null],
                  [
                    'Its writer',
                    dataset.state ? <StateBadge key="state" state={dataset.state} /> : null,
                  ],
                  [
                    'Owner',
                    dataset.owners.length ? <Owners key="owners" of={dataset.owners} /> : null,
                  ],
                  ['Tags', dataset.tags.length ? <Tags key="tags" of={dataset.tags} /> : null],
                  [
                    'Name',
                    <span key="name" className="mono small">
                      {dataset.name}
                    </span>,
                  ],
                ]}
              />
            </section>
            {newest && newest.changes.length > 0 && (
              <section className="section">
                <h3>
                  Its columns changed
                  <span className="end">
                    <Time at={newest.first_at} />
                  </span>
                </h3>
                <SchemaLines changes={newest.changes.slice(0, 12)} />
              </section>
            )}
            <section className="section">
              <h3>
                Columns<span className="end">{dataset.schema_fields.length || ''}</span>
              </h3>
              {dataset.schema_fields.length ? (
                dataset.schema_fields.slice(0, 40).map((column) => (
                  <div key={column.name} className="item">
                    <Link
                      to="/lineage"
                      search={{
                        focus: card.node,
                        view: 'columns',
                        column: column.name,
                        ...(asOf ? { asOf } : {}),
                      }}
                      className="link mono small cut"
                      title={column.description ?? column.name}
                    >
                      {column.name}
                    </Link>
                    <Tags of={column.tags} />
                    <KnownBy column={column} />
                    <span className="end mono small muted cut">{column.type ?? ''}</span>
                  </div>
                ))
              ) : (
                <span className="muted small">No event has told a schema yet.</span>
              )}
            </section>
          </>
        )
      }}
    </Answer>
  )
}

/** Who is affected when this one fails: what lies downstream in the graph that is drawn. */
function Impact({
  card,
  graph,
  neighbours,
  onSelect,
}: {
  card: Card
  graph: Graph
  neighbours: Neighbours
  onSelect: (node: string) => void
}) {
  const affected = useMemo(() => {
    const cards = new Map(graph.cards.map((one) => [one.node, one]))
    return reach(neighbours, card.node, 'down').flatMap((node) => cards.get(node) ?? [])
  }, [card.node, graph, neighbours])
  const datasets = affected.filter((one) => one.kind === 'dataset')
  const beyond = affected.reduce((sum, one) => sum + one.more_downstream, card.more_downstream)
  if (!affected.length) return null
  return (
    <section className="section">
      <h3>
        Downstream in this graph
        <span className="end">
          {counted(datasets.length, 'dataset')} ·{' '}
          {counted(affected.length - datasets.length, 'job')}
          {beyond ? ` · ${beyond} beyond` : ''}
        </span>
      </h3>
      {datasets.slice(0, 10).map((one) => (
        <div key={one.node} className="item">
          <Tile platform={one.platform} />
          <button
            type="button"
            className="mono small cut"
            style={{
              border: 0,
              background: 'none',
              padding: 0,
              color: 'var(--text)',
              cursor: 'pointer',
            }}
            title={one.name}
            onClick={() => onSelect(one.node)}
          >
            {shortName(one.name)}
          </button>
          <span className="end">
            <Badge tone={one.state ? toneOf(one.state) : 'non'}>
              {one.written_at ? <Time at={one.written_at} as="age" /> : 'not written'}
            </Badge>
          </span>
        </div>
      ))}
    </section>
  )
}
