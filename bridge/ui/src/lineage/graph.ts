import type { Card, Graph, RootCause, Route } from '../api/schema'
import { csv } from '../parts/csv'
import { shortName } from '../text/names'

export type Direction = 'up' | 'down'

/** Neighbours of every card in both directions, once for each graph. */
export interface Neighbours {
  up: Map<string, string[]>
  down: Map<string, string[]>
}

export function neighboursOf(edges: Pick<Route, 'source' | 'target'>[]): Neighbours {
  const up = new Map<string, string[]>()
  const down = new Map<string, string[]>()
  const add = (map: Map<string, string[]>, key: string, value: string) => {
    const list = map.get(key)
    if (list) list.push(value)
    else map.set(key, [value])
  }
  for (const edge of edges) {
    add(down, edge.source, edge.target)
    add(up, edge.target, edge.source)
  }
  return { up, down }
}

/** Everything reachable from a card in one direction, nearest first, without the card. */
export function reach(neighbours: Neighbours, from: string, direction: Direction): string[] {
  const seen = new Set([from])
  for (const node of seen) for (const next of neighbours[direction].get(node) ?? []) seen.add(next)
  seen.delete(from)
  return [...seen]
}

/** The cards and edges up- and downstream of a card; null when nothing is selected. */
export function pathThrough(neighbours: Neighbours, node: string | undefined): Set<string> | null {
  if (!node) return null
  return new Set([node, ...reach(neighbours, node, 'up'), ...reach(neighbours, node, 'down')])
}

/** A job or dataset on a path: drawn as a card, named on an edge, or not drawn. */
export interface PathNode {
  node: string
  label: string
  state: string | null
  ended_at: string | null
  error: string | null
  failures: number // in a row, of the root cause
  group: string | null
  isJob: boolean
}

export interface Trace {
  kind: RootCause['kind']
  text: string
  root: PathNode
  path: PathNode[]
  shown: string[] // the cards on the path
  others: number // further jobs upstream that failed
}

export const labelOf = (card: Card) =>
  card.kind === 'dataset' ? shortName(card.name) : (card.label ?? card.name)

/** The root cause from the API and its path to the focus, matched to the drawn cards. */
export function traceOn(graph: Graph, cause: RootCause | null | undefined): Trace | null {
  if (!cause) return null
  const path = cause.steps.map((step): PathNode => ({
    node: step.node,
    label: step.kind === 'dataset' ? shortName(step.label) : step.label,
    state: step.state,
    ended_at: null,
    error: null,
    failures: 0,
    group: null,
    isJob: step.kind === 'job',
  }))
  const cards = new Map(graph.cards.map((card) => [card.node, card]))
  const first = path[0]
  if (!first) return null
  const root = {
    ...first,
    ended_at: cause.at,
    error: cause.error,
    failures: cause.failures,
    group: cards.get(first.node)?.group ?? null,
  }
  const failed = cause.others.filter((other) => other.kind === 'failed_run')
  return {
    kind: cause.kind,
    text: cause.text,
    root,
    path: [root, ...path.slice(1)],
    shown: path.map((one) => one.node).filter((node) => cards.has(node)),
    others: failed.length,
  }
}

/** The edges of the path from the root cause, as "source target"; including the edge that carries the failed job. */
export function tracedEdges(graph: Graph, trace: Trace | null): Set<string> {
  if (!trace) return new Set()
  const steps = trace.shown.slice(1).map((node, at) => `${trace.shown[at]} ${node}`)
  const onEdges = graph.edges.filter(
    (edge) =>
      edge.target === trace.shown[0] && edge.jobs.some((job) => job.node === trace.root.node),
  )
  return new Set([...steps, ...onEdges.map((edge) => `${edge.source} ${edge.target}`)])
}

export type Step = 'left' | 'right' | 'up' | 'down'

/** The card next to one in a direction on the screen; along edges to the sides. */
export function nextCard(
  graph: Graph,
  neighbours: Neighbours,
  from: string,
  step: Step,
): string | undefined {
  const cards = new Map(graph.cards.map((card) => [card.node, card]))
  const here = cards.get(from)
  if (!here) return undefined
  const middle = (card: Card) => card.y + card.h / 2
  const nearest = (candidates: Card[]) =>
    candidates.toSorted(
      (a, b) => Math.abs(middle(a) - middle(here)) - Math.abs(middle(b) - middle(here)),
    )[0]?.node
  if (step === 'left' || step === 'right') {
    const list = neighbours[step === 'left' ? 'up' : 'down'].get(from) ?? []
    return nearest(list.flatMap((node) => cards.get(node) ?? []))
  }
  const column = graph.cards.filter(
    (card) => card.node !== from && card.x < here.x + here.w && here.x < card.x + card.w,
  )
  return nearest(
    column.filter((card) =>
      step === 'up' ? middle(card) < middle(here) : middle(card) > middle(here),
    ),
  )
}

/** Cards whose name, namespace, DAG or owner contains every search word, from left to right. */
export function found(graph: Graph, wanted: string): string[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean)
  if (!words.length) return []
  const textOf = (card: Card) =>
    [card.namespace, card.name, card.dag_id, card.task_id, card.owner].join(' ').toLowerCase()
  const hits = graph.cards.filter((card) => words.every((word) => textOf(card).includes(word)))
  return hits.sort((a, b) => a.x - b.x || a.y - b.y).map((card) => card.node)
}

/** The line of an edge: straight along its points where they are level, an S where they are not. */
export function lineOf(points: [number, number][]): string {
  let line = ''
  points.forEach(([x, y], at) => {
    const before = points[at - 1]
    if (!before) line = `M${x} ${y}`
    else if (Math.abs(before[1] - y) < 0.5) line += `L${x} ${y}`
    else {
      const half = (before[0] + x) / 2
      line += `C${half} ${before[1]} ${half} ${y} ${x} ${y}`
    }
  })
  return line
}

/** The middle of an edge's longest segment, where a label fits best. */
export function middleOf(points: [number, number][]): [number, number] {
  let middle = points[0] ?? [0, 0]
  let longest = -1
  points.forEach(([x, y], at) => {
    const before = points[at - 1]
    if (!before || Math.abs(x - before[0]) <= longest) return
    longest = Math.abs(x - before[0])
    middle = [(x + before[0]) / 2, (y + before[1]) / 2]
  })
  return middle
}

/** The edges as CSV. */
export const csvOf = (graph: Graph): string =>
  csv(
    ['source', 'target', 'kind', 'first_at', 'last_at', 'run_id', 'jobs'],
    graph.edges.map((edge) => [
      edge.source,
      edge.target,
      edge.kind,
      edge.first_at,
      edge.last_at,
      edge.run_id,
      edge.jobs.map((job) => job.node).join(' '),
    ]),
  )
