import { describe, expect, it } from 'vitest'
import type { ColumnEdge, ColumnLineage, ColumnNode } from '../api/schema'
import { arrangeColumns, columnPath, columnsCsvOf, keyOf, nextRow, WHOLE, WIDTH } from './columns'

const node = (name: string, column: string, depth: number): ColumnNode => ({
  kind: 'column',
  node: name,
  id: name,
  namespace: 'n',
  name,
  column,
  depth,
  tags: [],
  personal: false,
  personal_kind: null,
})
const edge = (
  source: string,
  source_column: string,
  target: string,
  target_column: string,
): ColumnEdge => ({
  source,
  source_column,
  target,
  target_column,
  transformations: [],
  masked: false,
  indirect: false,
  job: null,
})
const lineage = (nodes: ColumnNode[], edges: ColumnEdge[]): ColumnLineage => ({
  nodes,
  edges,
  truncated: 0,
  as_of: null,
})

describe('the drawing of columns', () => {
  const drawing = arrangeColumns(
    lineage(
      [
        node('mart', 'total', 0),
        node('fact', 'amount', -1),
        node('raw', 'amount', -1),
        node('raw', 'rate', -2),
        node('report', 'sum', 1),
      ],
      [
        edge('fact', 'amount', 'mart', 'total'),
        edge('raw', 'amount', 'mart', 'total'),
        edge('raw', 'rate', 'fact', 'amount'),
        edge('mart', 'total', 'report', 'sum'),
      ],
    ),
  )
  const xOf = (name: string) => drawing.sheets.find((sheet) => sheet.node === name)?.x ?? NaN

  it('has each dataset once, left of all that comes from it', () => {
    expect(drawing.sheets.map((sheet) => sheet.node)).toEqual(['raw', 'fact', 'mart', 'report'])
    for (const { edge } of drawing.lines)
      expect(xOf(edge.source) + WIDTH).toBeLessThan(xOf(edge.target))
    expect(drawing.lines).toHaveLength(4)
  })
  it('knows the way through a column, and no other columns', () => {
    expect(columnPath(drawing, keyOf('raw', 'rate'))).toEqual(
      new Set([
        keyOf('raw', 'rate'),
        keyOf('fact', 'amount'),
        keyOf('mart', 'total'),
        keyOf('report', 'sum'),
      ]),
    )
    expect(columnPath(drawing, undefined)).toBeNull()
  })
  it('steps along lines and within a level', () => {
    expect(nextRow(drawing, keyOf('mart', 'total'), 'left')).toBe(keyOf('fact', 'amount'))
    expect(nextRow(drawing, keyOf('raw', 'amount'), 'down')).toBe(keyOf('raw', 'rate'))
    expect(nextRow(drawing, keyOf('raw', 'amount'), 'up')).toBeUndefined()
  })
  it('shows the columns of a dataset that was asked for as a whole', () => {
    const whole = arrangeColumns(
      lineage([node('mart', WHOLE, 0), node('raw', 'a', -1)], [edge('raw', 'a', 'mart', 'x')]),
    )
    expect(
      whole.sheets.find((sheet) => sheet.node === 'mart')?.rows.map((row) => row.column),
    ).toEqual(['x'])
  })
  it('survives cycles, datasets that read themselves, and nothing at all', () => {
    const round = arrangeColumns(
      lineage(
        [node('a', 'x', 0), node('b', 'y', -1), node('c', 'z', -2)],
        [
          edge('b', 'y', 'a', 'x'),
          edge('c', 'z', 'b', 'y'),
          edge('b', 'y', 'c', 'z'),
          edge('a', 'x', 'a', 'x'),
        ],
      ),
    )
    expect(round.lines).toHaveLength(4)
    expect(arrangeColumns(lineage([], []))).toMatchObject({ sheets: [], width: 0, height: 0 })
  })
})

describe('the export of columns', () => {
  it('has a row for each line, with what is personal data at both ends', () => {
    const people = { ...node('people', 'email', -1), personal_kind: 'tagged' as const }
    const report = { ...node('report', '=key', 0), personal_kind: 'masked' as const }
    const line = {
      ...edge('people', 'email', 'report', '=key'),
      transformations: [{ type: 'DIRECT', subtype: 'TRANSFORMATION' }],
      masked: true,
    }
    const [header, row] = columnsCsvOf(lineage([people, report], [line])).split('\r\n')
    expect(header?.split(',')).toHaveLength(12)
    expect(row).toBe("n,people,email,tagged,n,report,'=key,masked,transformation,yes,no,")
  })
})
