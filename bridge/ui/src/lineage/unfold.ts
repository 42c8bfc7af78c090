import type { Card, Graph } from '../api/schema'
import { A_FEW, type Changes, changesOf, drop, isIn, put } from './changes'
import type { LineageSearch } from './search'

/** Add (more of) the neighbours counted at a side of a card. */
export function opened(now: Changes, side: 'up' | 'down', id: string, hidden: number): Changes {
  if (isIn(now.shut, side, id)) return { open: now.open, shut: drop(now.shut, id, side) }
  const before = changesOf(now.open).find((one) => one.side === side && one.id === id)?.most ?? 0
  return {
    open: put(now.open, side, id, before + Math.max(1, Math.min(hidden, A_FEW))),
    shut: now.shut,
  }
}

/** Hide the neighbours added at a side of a card; without any, everything beyond it on that side. */
export function closed(now: Changes, side: 'up' | 'down', id: string): Changes {
  if (isIn(now.open, side, id)) return { open: drop(now.open, id, side), shut: now.shut }
  return { open: now.open, shut: put(now.shut, side, id) }
}

/** Show a DAG, application or project as one card, or as a box with its parts. */
export function folded(now: LineageSearch, id: string, fold: boolean, isDag = true): Changes {
  if (!isDag)
    return fold
      ? { open: drop(now.open, id, 'dag'), shut: put(now.shut, 'dag', id) }
      : { open: put(now.open, 'dag', id), shut: drop(now.shut, id, 'dag') }
  if (now.group === 'dag')
    return {
      open: fold ? drop(now.open, id, 'dag', 'tasks') : put(now.open, 'dag', id),
      shut: now.shut,
    }
  return {
    open: fold ? drop(now.open, id, 'tasks') : now.open,
    shut: fold ? put(now.shut, 'dag', id) : drop(now.shut, id, 'dag'),
  }
}

/** Show all tasks in a DAG's box, or only those with lineage in the graph. */
export const withTasks = (now: Changes, id: string, all: boolean): Changes => ({
  open: all ? put(now.open, 'tasks', id) : drop(now.open, id, 'tasks'),
  shut: now.shut,
})

/** Expand a card (`e`): everything it counts. */
export function expanded(now: LineageSearch, card: Card): Changes {
  if (card.folded) return folded(now, card.id, false, card.job_kind === 'dag')
  let changes: Changes = { open: now.open, shut: now.shut }
  if (card.more_upstream) changes = opened(changes, 'up', card.id, card.more_upstream)
  if (card.more_downstream) changes = opened(changes, 'down', card.id, card.more_downstream)
  return changes
}

/** Collapse a card (`c`): hide what it added, else everything beyond it, seen from the focus. */
export function collapsed(now: LineageSearch, card: Card, graph: Graph): Changes {
  const added = (['up', 'down'] as const).filter((side) => isIn(now.open, side, card.id))
  const beyond =
    card.depth < 0
      ? (['up'] as const)
      : card.depth > 0
        ? (['down'] as const)
        : card.node === graph.focus
          ? (['up', 'down'] as const)
          : []
  let changes: Changes = { open: now.open, shut: now.shut }
  for (const side of added.length ? added : beyond)
    if (!isIn(changes.shut, side, card.id)) changes = closed(changes, side, card.id)
  return changes
}
