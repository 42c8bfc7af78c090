import type { ColumnEdge, ColumnLineage, ColumnNode } from '../api/schema'
import { csv } from '../parts/csv'
import { transformationWords } from '../parts/Transformations'
import { type Neighbours, pathThrough } from './graph'

/** In the place of a column: the whole dataset, as filters and joins touch every column. */
export const WHOLE = '*'

export const ROW = 26
export const HEAD = 46
export const WIDTH = 232
const FOOT = 6
const GAP = { x: 108, y: 20 }

export interface Row {
  key: string
  node: string
  column: string
  y: number // of its middle
  about: ColumnNode | undefined // not of a column that only an edge names
}

export interface Sheet {
  node: string
  about: ColumnNode
  x: number
  y: number
  h: number
  rows: Row[]
}

export interface Line {
  edge: ColumnEdge
  source: string // Row.key
  target: string
  path: string
}

export interface ColumnDrawing {
  sheets: Sheet[]
  lines: Line[]
  neighbours: Neighbours
  width: number
  height: number
}

export const keyOf = (node: string, column: string) => JSON.stringify([node, column])

/** Datasets with the columns that take part, in levels from the sources on the left. */
export function arrangeColumns(lineage: ColumnLineage): ColumnDrawing {
  const about = new Map<string, ColumnNode>()
  const columns = new Map<string, Set<string>>()
  const put = (node: string, column: string) =>
    columns.get(node)?.add(column) ?? columns.set(node, new Set([column]))
  for (const each of lineage.nodes) {
    if (!about.has(each.node)) about.set(each.node, each)
    put(each.node, each.column)
  }
  const columnNodes = new Map(lineage.nodes.map((each) => [keyOf(each.node, each.column), each]))
  const edges = lineage.edges.filter((edge) => about.has(edge.source) && about.has(edge.target))
  for (const edge of edges) {
    put(edge.source, edge.source_column)
    put(edge.target, edge.target_column)
  }
  const start = lineage.nodes[0]
  // Where the walk starts at the whole dataset, its columns replace it.
  if (
    start?.column === WHOLE &&
    (columns.get(start.node)?.size ?? 0) > 1 &&
    !edges.some((edge) => touches(edge, start.node, WHOLE))
  )
    columns.get(start.node)?.delete(WHOLE)

  const levelOfNode = levelOf(about, edges)
  const levels = new Map<number, string[]>()
  for (const node of columns.keys())
    levels.set(levelOfNode(node), [...(levels.get(levelOfNode(node)) ?? []), node])
  const order = [...levels.keys()].sort((a, b) => a - b)
  const heightOf = (node: string) => HEAD + FOOT + ROW * (columns.get(node)?.size ?? 0)
  const levelHeight = (nodes: string[]) =>
    nodes.reduce((sum, node) => sum + heightOf(node) + GAP.y, -GAP.y)
  const height = Math.max(0, ...[...levels.values()].map(levelHeight))

  const sheets = order.flatMap((level, at) => {
    const nodes = levels.get(level) ?? []
    let y = (height - levelHeight(nodes)) / 2
    return nodes.flatMap((node) => {
      const known = about.get(node)
      if (!known) return []
      const top = y
      const rows = [...(columns.get(node) ?? [])].sort(byColumn).map((column, row) => ({
        key: keyOf(node, column),
        node,
        column,
        y: top + HEAD + ROW * (row + 0.5),
        about: columnNodes.get(keyOf(node, column)),
      }))
      y += heightOf(node) + GAP.y
      return [{ node, about: known, x: at * (WIDTH + GAP.x), y: top, h: heightOf(node), rows }]
    })
  })
  const ends = new Map(
    sheets.flatMap((sheet) => sheet.rows.map((row) => [row.key, { x: sheet.x, y: row.y }])),
  )
  const lines = edges.flatMap((edge) => {
    const source = keyOf(edge.source, edge.source_column)
    const target = keyOf(edge.target, edge.target_column)
    const from = ends.get(source)
    const to = ends.get(target)
    if (!from || !to) return []
    const bend = GAP.x / 2
    const left = from.x + WIDTH
    return [
      {
        edge,
        source,
        target,
        path: `M${left} ${from.y}C${left + bend} ${from.y} ${to.x - bend} ${to.y} ${to.x} ${to.y}`,
      },
    ]
  })
  return {
    sheets,
    lines,
    neighbours: between(lines),
    width: order.length ? order.length * (WIDTH + GAP.x) - GAP.x : 0,
    height,
  }
}

/** The rows up- and downstream of one. */
export const columnPath = (drawing: ColumnDrawing, key: string | undefined) =>
  pathThrough(drawing.neighbours, key)

/** The row next to one: along lines to the sides, within the level up and down. */
export function nextRow(
  drawing: ColumnDrawing,
  from: string,
  step: 'left' | 'right' | 'up' | 'down',
): string | undefined {
  if (step === 'left' || step === 'right')
    return drawing.neighbours[step === 'left' ? 'up' : 'down'].get(from)?.[0]
  const here = drawing.sheets.find((sheet) => sheet.rows.some((row) => row.key === from))
  const level = drawing.sheets.filter((sheet) => sheet.x === here?.x).flatMap((sheet) => sheet.rows)
  return level[level.findIndex((row) => row.key === from) + (step === 'up' ? -1 : 1)]?.key
}

const touches = (edge: ColumnEdge, node: string, column: string) =>
  (edge.source === node && edge.source_column === column) ||
  (edge.target === node && edge.target_column === column)

const byColumn = (a: string, b: string) =>
  Number(b === WHOLE) - Number(a === WHOLE) || a.localeCompare(b)

function between(lines: Line[]): Neighbours {
  const up = new Map<string, string[]>()
  const down = new Map<string, string[]>()
  for (const { source, target } of lines) {
    up.set(target, [...(up.get(target) ?? []), source])
    down.set(source, [...(down.get(source) ?? []), target])
  }
  return { up, down }
}

/**
 * The level of each dataset: 0 for the start, and every dataset beyond all that lie between it and
 * the start. Cycles are cut where they close.
 */
function levelOf(about: Map<string, ColumnNode>, edges: ColumnEdge[]): (node: string) => number {
  const known = new Map<string, number>()
  const busy = new Set<string>()
  const side = (node: string) => Math.sign(about.get(node)?.depth ?? 0)
  const nearer = new Map<string, Set<string>>()
  for (const edge of edges) {
    for (const [far, near, way] of [
      [edge.source, edge.target, -1],
      [edge.target, edge.source, 1],
    ] as const) {
      if (far !== near && side(far) === way && side(near) !== -way)
        nearer.set(far, (nearer.get(far) ?? new Set()).add(near))
    }
  }
  const distance = (node: string): number => {
    if (side(node) === 0 || busy.has(node)) return 0
    const found = known.get(node)
    if (found !== undefined) return found
    busy.add(node)
    const far = 1 + Math.max(0, ...[...(nearer.get(node) ?? [])].map(distance))
    busy.delete(node)
    known.set(node, far)
    return far
  }
  return (node) => side(node) * distance(node)
}

/** Each line of the drawing, as CSV. */
export function columnsCsvOf({ nodes, edges }: ColumnLineage): string {
  const about = new Map(nodes.map((node) => [keyOf(node.node, node.column), node]))
  const datasets = new Map(nodes.map((node) => [node.node, node]))
  const end = (node: string, column: string) => [
    datasets.get(node)?.namespace,
    datasets.get(node)?.name ?? node,
    column,
    about.get(keyOf(node, column))?.personal_kind,
  ]
  return csv(
    [
      ...['source', 'target'].flatMap((side) =>
        ['namespace', 'dataset', 'column', 'personal data'].map((what) => `${side} ${what}`),
      ),
      'transformations',
      'masked',
      'indirect',
      'job',
    ],
    edges.map((edge) => [
      ...end(edge.source, edge.source_column),
      ...end(edge.target, edge.target_column),
      transformationWords(edge.transformations).join(', '),
      edge.masked ? 'yes' : 'no',
      edge.indirect ? 'yes' : 'no',
      edge.job?.name,
    ]),
  )
}

/** The name of a column as shown. */
export const columnName = (column: string) => (column === WHOLE ? 'every column' : column)
