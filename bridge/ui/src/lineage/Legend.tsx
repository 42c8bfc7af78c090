import { useMemo } from 'react'
import type { Graph } from '../api/schema'
import { legendOf } from './lens'
import type { Lens } from './search'

/** The colours of the lens and what they mean. */
export function Legend({ lens, graph }: { lens: Lens; graph: Graph }) {
  const entries = useMemo(() => legendOf(lens, graph.cards), [lens, graph])
  return (
    <div className="legend">
      {entries.map((entry) => (
        <span key={entry.text}>
          <i style={{ background: entry.color }} />
          {entry.text}
        </span>
      ))}
    </div>
  )
}
