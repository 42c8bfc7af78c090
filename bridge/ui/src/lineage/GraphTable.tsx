import type { Card, Graph } from '../api/schema'
import { Tile } from '../parts/Names'
import { Time } from '../parts/Now'
import { StateBadge } from '../parts/State'
import { none, Table } from '../parts/Table'
import { shortName } from '../text/names'
import { standingOf } from './lens'

/** The same graph as a table: nearest first, upstream before downstream. */
export function GraphTable({
  graph,
  selected,
  onSelect,
}: {
  graph: Graph
  selected: string | undefined
  onSelect: (node: string) => void
}) {
  const cards = graph.cards.toSorted((a, b) => a.depth - b.depth || a.name.localeCompare(b.name))
  return (
    <div
      style={{ position: 'absolute', inset: 0, overflow: 'auto', background: 'var(--surface)' }}
      tabIndex={0}
      role="region"
      aria-label="Graph as a table"
    >
      <Table
        rows={cards}
        rowKey={(card) => card.node}
        current={(card) => card.node === selected}
        columns={[
          { title: 'Level', className: 'muted', cell: levelOf },
          {
            title: 'Name',
            className: 'name',
            cell: (card) => <Name card={card} onSelect={onSelect} />,
          },
          { title: 'State', cell: (card) => <State card={card} /> },
          {
            title: 'Written or ran',
            right: true,
            className: 'muted',
            cell: (card) => <Time at={lastAt(card)} />,
          },
          { title: 'Owner', cell: (card) => card.owner ?? none },
        ]}
      />
    </div>
  )
}

const levelOf = ({ depth }: Card) =>
  depth === 0 ? 'focus' : depth < 0 ? `${-depth} up` : `${depth} down`

const lastAt = (card: Card) =>
  card.kind === 'dataset' ? card.written_at : (card.last_run?.ended_at ?? card.last_run?.started_at)

function Name({ card, onSelect }: { card: Card; onSelect: (node: string) => void }) {
  if (card.kind === 'restricted') return <span className="muted">{card.label}</span>
  return (
    <span className="row">
      {card.kind === 'dataset' ? (
        <Tile platform={card.platform} />
      ) : (
        <span className="tag">{card.job_kind ?? 'job'}</span>
      )}
      <button
        type="button"
        className="plain mono cut"
        title={`${card.namespace}\n${card.name}`}
        onClick={() => onSelect(card.node)}
      >
        {card.kind === 'dataset' ? shortName(card.name) : card.name}
      </button>
    </span>
  )
}

function State({ card }: { card: Card }) {
  if (card.kind !== 'job' && !card.state && !card.late_since) return none
  return <StateBadge state={standingOf(card) === 'warn' && card.late_since ? 'late' : card.state} />
}
