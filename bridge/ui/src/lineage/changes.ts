import type { Card, Graph } from '../api/schema'
import type { LineageSearch } from './search'

/** What is otherwise with single cards than the view as a whole says; kept in the address as text, "up:ID,down:ID:100". */
export type Side = 'up' | 'down' | 'tasks' | 'dag'
export type Changes = Pick<LineageSearch, 'open' | 'shut'>

interface Change {
  side: Side
  id: string
  most: number
}

/** Neighbours that one click brings. */
export const A_FEW = 50
const SHAPE = /^(up|down|tasks|dag):([0-9a-f]{16})(?::(\d{1,6}))?$/

export function changesOf(text: string | undefined): Change[] {
  return (text ?? '').split(',').flatMap((each) => {
    const told = SHAPE.exec(each)
    return told?.[1] && told[2]
      ? [{ side: told[1] as Side, id: told[2], most: Number(told[3] ?? A_FEW) }]
      : []
  })
}

/** As the address has it; undefined where nothing is otherwise. */
export function textOf(changes: Change[]): string | undefined {
  return (
    changes
      .map(({ side, id, most }) => `${side}:${id}${most === A_FEW ? '' : `:${most}`}`)
      .join(',') || undefined
  )
}

export const isIn = (text: string | undefined, side: Side, id: string) =>
  changesOf(text).some((one) => one.side === side && one.id === id)

const put = (text: string | undefined, side: Side, id: string, most = A_FEW) =>
  textOf([
    ...changesOf(text).filter((one) => one.side !== side || one.id !== id),
    { side, id, most },
  ])
const drop = (text: string | undefined, id: string, ...sides: Side[]) =>
  textOf(changesOf(text).filter((one) => one.id !== id || !sides.includes(one.side)))

/** Brings (some more of) the neighbours that a side of a card counts. */
export function opened(now: Changes, side: 'up' | 'down', id: string, hidden: number): Changes {
  if (isIn(now.shut, side, id)) return { open: now.open, shut: drop(now.shut, id, side) }
  const before = changesOf(now.open).find((one) => one.side === side && one.id === id)?.most ?? 0
  return {
    open: put(now.open, side, id, before + Math.max(1, Math.min(hidden, A_FEW))),
    shut: now.shut,
  }
}

/** Hides again what a side of a card brought; where it brought nothing, what lies beyond it there. */
export function closed(now: Changes, side: 'up' | 'down', id: string): Changes {
  if (isIn(now.open, side, id)) return { open: drop(now.open, id, side), shut: now.shut }
  return { open: now.open, shut: put(now.shut, side, id) }
}

/** A DAG as one card, or as a box with its tasks; an application or a project with what is inside it. */
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

/** All tasks of a DAG's box, or those that take part. */
export const withTasks = (now: Changes, id: string, all: boolean): Changes => ({
  open: all ? put(now.open, 'tasks', id) : drop(now.open, id, 'tasks'),
  shut: now.shut,
})

/** What `e` does to a card: everything that it counts. */
export function expanded(now: LineageSearch, card: Card): Changes {
  if (card.folded) return folded(now, card.id, false, card.job_kind === 'dag')
  let changes: Changes = { open: now.open, shut: now.shut }
  if (card.more_upstream) changes = opened(changes, 'up', card.id, card.more_upstream)
  if (card.more_downstream) changes = opened(changes, 'down', card.id, card.more_downstream)
  return changes
}

/** What `c` does to a card: hides what it brought, else all that lies beyond it, seen from the focus. */
export function collapsed(now: LineageSearch, card: Card, graph: Graph): Changes {
  const brought = (['up', 'down'] as const).filter((side) => isIn(now.open, side, card.id))
  const beyond =
    card.depth < 0
      ? (['up'] as const)
      : card.depth > 0
        ? (['down'] as const)
        : card.node === graph.focus
          ? (['up', 'down'] as const)
          : []
  let changes: Changes = { open: now.open, shut: now.shut }
  for (const side of brought.length ? brought : beyond)
    if (!isIn(changes.shut, side, card.id)) changes = closed(changes, side, card.id)
  return changes
}
