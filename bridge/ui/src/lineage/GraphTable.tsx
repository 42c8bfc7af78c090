import type { Graph } from '../api/schema'
import { Tile } from '../parts/Names'
import { Time } from '../parts/Now'
import { StateBadge } from '../parts/State'
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
      aria-label="The graph as a table"
    >
      <table>
        <thead>
          <tr>
            <th>Where</th>
            <th>Name</th>
            <th>State</th>
            <th className="right">Written or ran</th>
            <th>Owner</th>
          </tr>
        </thead>
        <tbody>
          {cards.map((card) => (
            <tr key={card.node} aria-current={card.node === selected ? 'true' : undefined}>
              <td className="muted">
                {card.depth === 0
                  ? 'focus'
                  : card.depth < 0
                    ? `${-card.depth} up`
                    : `${card.depth} down`}
              </td>
              <td className="name">
                <span className="row">
                  {card.kind === 'dataset' ? (
                    <Tile platform={card.platform} />
                  ) : (
                    <span className="tag">{card.job_kind ?? 'job'}</span>
                  )}
                  <button
                    type="button"
                    className="mono cut"
                    style={{
                      border: 0,
                      background: 'none',
                      padding: 0,
                      color: 'inherit',
                      cursor: 'pointer',
                    }}
                    title={`${card.namespace}\n${card.name}`}
                    onClick={() => onSelect(card.node)}
                  >
                    {card.kind === 'dataset' ? shortName(card.name) : card.name}
                  </button>
                </span>
              </td>
              <td>
                {card.kind === 'job' || card.state || card.late_since ? (
                  <StateBadge
                    state={standingOf(card) === 'warn' && card.late_since ? 'late' : card.state}
                  />
                ) : (
                  <span className="faint">–</span>
                )}
              </td>
              <td className="right muted">
                <Time
                  at={
                    card.kind === 'dataset'
                      ? card.written_at
                      : (card.last_run?.ended_at ?? card.last_run?.started_at)
                  }
                />
              </td>
              <td>{card.owner ?? <span className="faint">–</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
