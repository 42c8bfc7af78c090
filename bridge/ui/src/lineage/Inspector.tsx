import { Link } from '@tanstack/react-router'
import { Crosshair, ExternalLink } from 'lucide-react'
import { useApi } from '../api/client'
import type { Card, Graph, Group, Impact } from '../api/schema'
import { CloseButton } from '../parts/CloseButton'
import { platformOf, Tile } from '../parts/Names'
import { Moment, Time } from '../parts/Now'
import { Badge, StateBadge, Ticks } from '../parts/State'
import { external } from '../text/links'
import { shortName } from '../text/names'
import { counted } from '../text/numbers'
import { toneOf } from '../text/state'
import { DatasetDetails } from './DatasetDetails'
import { JobDetails } from './JobDetails'
import { Restricted } from './Restricted'

/** Items that are asked for, and datasets that are listed. */
const LISTED = 40
const NEAREST = 10

interface Props {
  graph: Graph
  selected: string
  asOf: string | undefined
  onSelect: (node: string) => void
  onFocus: (node: string) => void
  onClose: () => void
}

/** Details of the selected card, to the right of the graph. */
export function Inspector({ graph, selected, asOf, onSelect, onFocus, onClose }: Props) {
  const card = graph.cards.find((one) => one.node === selected)
  const group = graph.groups.find((one) => one.id === selected)
  if (!card && !group) return null
  if (card?.kind === 'restricted') return <Restricted what="Lineage goes" onClose={onClose} />
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
        <Downstream
          key={`downstream ${selected}`}
          node={selected}
          graph={graph}
          asOf={asOf}
          onSelect={onSelect}
          onFocus={onFocus}
        />
      </Moment>
    </aside>
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
        <CloseButton label="Close details" onClose={onClose} />
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
        <CloseButton label="Close details" onClose={onClose} />
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

/** Everything downstream, as the server counts it, and the nearest datasets. */
function Downstream({
  node,
  graph,
  asOf,
  onSelect,
  onFocus,
}: {
  node: string
  graph: Graph
  asOf: string | undefined
  onSelect: (node: string) => void
  onFocus: (node: string) => void
}) {
  const { data } = useApi<Impact>('impact', { node, limit: LISTED, as_of: asOf })
  if (!data?.items.length) return null
  const drawn = new Set(graph.cards.map((card) => card.node))
  const nearest = data.items.filter((item) => item.kind === 'dataset').slice(0, NEAREST)
  return (
    <section className="section">
      <h3>
        Downstream
        <span className="end">
          {counted(data.datasets, 'dataset')} · {counted(data.tasks, 'task')}
          {!data.complete && ' and more'}
        </span>
      </h3>
      {nearest.map((item) => (
        <div key={item.node} className="item">
          <Tile platform={platformOf(item.namespace)} />
          <button
            type="button"
            className="plain mono small cut"
            title={`${item.namespace}\n${item.name}${drawn.has(item.node) ? '' : '\nNot in this graph'}`}
            onClick={() => (drawn.has(item.node) ? onSelect(item.node) : onFocus(item.node))}
          >
            {shortName(item.name)}
          </button>
          <span className="end">
            <Badge tone={item.state ? toneOf(item.state) : 'non'}>
              {item.written_at ? <Time at={item.written_at} as="age" /> : 'not written'}
            </Badge>
          </span>
        </div>
      ))}
      {data.datasets > nearest.length && (
        <span className="muted small">
          and {counted(data.datasets - nearest.length, 'dataset')} more
        </span>
      )}
    </section>
  )
}
