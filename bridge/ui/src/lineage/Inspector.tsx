import { Link } from '@tanstack/react-router'
import { Crosshair, ExternalLink, X } from 'lucide-react'
import { useMemo } from 'react'
import type { Card, Graph, Group } from '../api/schema'
import { Tile } from '../parts/Names'
import { Moment, Time } from '../parts/Now'
import { Badge, StateBadge, Ticks } from '../parts/State'
import { external } from '../text/links'
import { shortName } from '../text/names'
import { counted } from '../text/numbers'
import { toneOf } from '../text/state'
import { DatasetDetails } from './DatasetDetails'
import { type Neighbours, reach } from './graph'
import { JobDetails } from './JobDetails'

interface Props {
  graph: Graph
  neighbours: Neighbours
  selected: string
  asOf: string | undefined
  onSelect: (node: string) => void
  onFocus: (node: string) => void
  onClose: () => void
}

/** Details of the selected card, to the right of the graph. */
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
    <aside className="inspector" aria-label="Details">
      <Moment at={asOf}>
        {card ? (
          <Head card={card} graph={graph} onFocus={onFocus} onClose={onClose} />
        ) : group ? (
          <GroupHead group={group} onFocus={onFocus} onClose={onClose} />
        ) : null}
        {card?.kind === 'dataset' ? (
          <DatasetDetails key={card.id} card={card} asOf={asOf} />
        ) : card ? (
          <JobDetails key={card.id} id={card.id} asOf={asOf} />
        ) : group ? (
          <JobDetails key={group.job_id} id={group.job_id} asOf={asOf} />
        ) : null}
        {card && <Impact card={card} graph={graph} neighbours={neighbours} onSelect={onSelect} />}
      </Moment>
    </aside>
  )
}

function Close({ onClose }: { onClose: () => void }) {
  return (
    <button type="button" className="icon-button end" aria-label="Close details" onClick={onClose}>
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
          Open page
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

/** Impact of a failure: what is downstream in the graph shown. */
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
