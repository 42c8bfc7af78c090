import { describe, expect, it } from 'vitest'
import type { Card, Graph, RootCause, Route, Run } from '../api/schema'
import { changesOf, textOf } from './changes'
import { closed, collapsed, expanded, folded, opened, withTasks } from './unfold'
import { scaleOf } from './exports'
import {
  tracedEdges,
  traceOn,
  csvOf,
  found,
  lineOf,
  middleOf,
  neighboursOf,
  nextCard,
  pathThrough,
} from './graph'
import { colorUnder } from './lens'
import { spanOf, stepTo } from './moments'
import { lineageSearch } from './search'

const card = (node: string, more: Partial<Card> = {}): Card => ({
  node,
  id: node,
  kind: node.startsWith('dataset') ? 'dataset' : 'job',
  namespace: 'n',
  name: node,
  depth: 0,
  label: null,
  job_kind: null,
  dag_id: null,
  task_id: null,
  state: null,
  written_at: null,
  x: 0,
  y: 0,
  w: 100,
  h: 40,
  group: null,
  last_run: null,
  recent: [],
  p50: null,
  operator: null,
  schedule: null,
  owner: null,
  platform: null,
  columns: null,
  written_by: null,
  expected_by: null,
  late_since: null,
  tags: [],
  personal: [],
  personal_reached: [],
  personal_masked: [],
  tasks: null,
  folded: false,
  more_upstream: 0,
  more_downstream: 0,
  ...more,
})
const edge = (source: string, target: string): Route => ({
  source,
  target,
  kind: 'data',
  first_at: '2026-01-01T00:00:00Z',
  last_at: '2026-01-02T00:00:00Z',
  run_id: null,
  known: 'observed',
  points: [],
  jobs: [],
  personal: false,
})
const graphOf = (focus: string, cards: Card[], edges: Route[]): Graph => ({
  focus,
  width: 0,
  height: 0,
  cards,
  groups: [],
  edges,
  truncated: 0,
  folded: 0,
  as_of: null,
})

describe('the graph', () => {
  const edges = [
    edge('job:load', 'dataset:raw'),
    edge('dataset:raw', 'job:clean'),
    edge('job:clean', 'dataset:fact'),
    edge('dataset:other', 'job:clean'),
  ]
  const neighbours = neighboursOf(edges)

  it('knows what lies up- and downstream of a card', () => {
    expect(pathThrough(neighbours, 'dataset:raw')).toEqual(
      new Set(['dataset:raw', 'job:load', 'job:clean', 'dataset:fact']),
    )
    expect(pathThrough(neighbours, undefined)).toBeNull()
  })
  const cause = (kinds: Record<string, Run['state'] | 'late' | null>): RootCause => {
    const path = Object.keys(kinds)
    const steps = path.map((node) => ({
      node,
      label: node,
      kind: node.startsWith('dataset') ? ('dataset' as const) : ('job' as const),
      state: kinds[node] ?? null,
    }))
    return {
      kind: 'failed_run',
      node: path[0] ?? '',
      run_id: null,
      at: '2026-01-01T00:00:00Z',
      text: 'it failed',
      path,
      steps,
      error: 'oh no',
      failures: 2,
      evidence: [],
      others: [],
    }
  }
  it('draws the way from the root cause, with what is not drawn left out', () => {
    const cards = [
      card('dataset:raw'),
      card('job:clean', { state: 'failed' }),
      card('dataset:fact'),
    ]
    const trace = traceOn(
      graphOf('dataset:fact', cards, edges),
      cause({
        'job:load': 'failed',
        'dataset:raw': null,
        'job:clean': 'failed',
        'dataset:fact': 'late',
      }),
    )
    expect(trace?.root).toMatchObject({
      node: 'job:load',
      label: 'job:load',
      failures: 2,
      error: 'oh no',
    })
    expect(trace?.path).toHaveLength(4)
    expect(trace?.shown).toEqual(['dataset:raw', 'job:clean', 'dataset:fact'])
    expect(traceOn(graphOf('dataset:fact', cards, edges), null)).toBeNull()
  })
  it('draws it along edges that carry jobs, where only datasets are drawn', () => {
    const cards = [card('dataset:src'), card('dataset:raw'), card('dataset:fact')]
    const job = (node: string, state: Run['state']) => ({
      node,
      id: node,
      label: node,
      state,
      ended_at: null,
      error: 'oh no',
    })
    const folded = [
      { ...edge('dataset:src', 'dataset:raw'), jobs: [job('job:load', 'failed')] },
      { ...edge('dataset:raw', 'dataset:fact'), jobs: [job('job:clean', 'success')] },
    ]
    const graph = graphOf('dataset:fact', cards, folded)
    const trace = traceOn(
      graph,
      cause({ 'job:load': 'failed', 'dataset:raw': null, 'job:clean': null, 'dataset:fact': null }),
    )
    expect(tracedEdges(graph, trace)).toEqual(
      new Set(['dataset:src dataset:raw', 'dataset:raw dataset:fact']),
    )
  })
  it('colours a dataset by what is expected of it, and grey where nothing is', () => {
    const colour = (more: Partial<Card>, lens: 'status' | 'freshness') =>
      colorUnder(
        lens,
        card('dataset:a', { state: 'success', written_at: '2026-01-01T00:00:00Z', ...more }),
        new Set(),
      )
    const expected = { expected_by: '2026-01-03T00:00:00Z' }
    expect(colour(expected, 'freshness')).toBe('var(--ok)')
    expect(colour({ ...expected, late_since: expected.expected_by }, 'freshness')).toBe(
      'var(--warn)',
    )
    expect(colour({ ...expected, state: 'failed' }, 'freshness')).toBe('var(--bad)')
    expect(colour({ ...expected, state: 'upstream_failed' }, 'freshness')).toBe('var(--blk)')
    expect(colour({}, 'freshness')).toBe('var(--non)')
    expect(colour({ late_since: '2026-01-01T20:00:00Z' }, 'status')).toBe('var(--warn)')
    expect(colour({}, 'status')).toBe('var(--ok)')
  })
  it('steps to the nearest neighbour on the screen', () => {
    const cards = [
      card('job:clean', { x: 200, y: 50 }),
      card('dataset:raw', { y: 60 }),
      card('dataset:other', { y: 200 }),
    ]
    const graph = graphOf('job:clean', cards, edges)
    expect(nextCard(graph, neighbours, 'job:clean', 'left')).toBe('dataset:raw')
    expect(nextCard(graph, neighbours, 'dataset:raw', 'down')).toBe('dataset:other')
    expect(nextCard(graph, neighbours, 'dataset:raw', 'right')).toBe('job:clean')
    expect(nextCard(graph, neighbours, 'dataset:raw', 'up')).toBeUndefined()
  })
  it('finds cards by all words of their names, DAGs and owners, from left to right', () => {
    const cards = [
      card('job:b', { x: 200, name: 'shop.load', owner: 'Ann' }),
      card('dataset:a', { name: 'shop.RAW.load' }),
      card('dataset:c', { name: 'other' }),
    ]
    const graph = graphOf('dataset:a', cards, [])
    expect(found(graph, ' LOAD ')).toEqual(['dataset:a', 'job:b'])
    expect(found(graph, 'load ann')).toEqual(['job:b'])
    expect(found(graph, 'load .*')).toEqual([])
    expect(found(graph, '  ')).toEqual([])
  })
  it('draws level stretches straight and the rest as an S', () => {
    expect(
      lineOf([
        [0, 0],
        [10, 0],
        [30, 20],
      ]),
    ).toBe('M0 0L10 0C20 0 20 20 30 20')
  })
  it('becomes a table in which no name is a formula', () => {
    const csv = csvOf(graphOf('x', [], [edge('=cmd|"x"', 'a,b')]))
    expect(csv.split('\r\n')[1]).toBe(
      '"\'=cmd|""x""","a,b",data,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z,,',
    )
  })
})

describe('the address of the lineage screen', () => {
  it('keeps what differs from the usual, and refuses nonsense', () => {
    expect(
      lineageSearch({ focus: 'dataset:a:b', up: 6, down: '5', lens: 'status', sel: '' }),
    ).toEqual({ focus: 'dataset:a:b', down: 5 })
    expect(lineageSearch({ up: 'x', down: 999, lens: 'nonsense', other: 1 })).toEqual({ down: 20 })
    expect(lineageSearch({ up: 0 })).toEqual({ up: 0 })
    expect(lineageSearch({ view: 'data', group: 'dag', limit: '1000', lens: 'pii' })).toEqual({
      view: 'data',
      group: 'dag',
      limit: 1000,
      lens: 'pii',
    })
    expect(lineageSearch({ limit: 300, group: 'owner', open: 'nonsense', shut: 7 })).toEqual({})
  })
})

describe('expanded and collapsed cards', () => {
  const id = '0123456789abcdef'
  const other = 'fedcba9876543210'
  it('add a few neighbours a click, and hide them again', () => {
    const first = opened({}, 'down', id, 120)
    expect(first).toEqual({ open: `down:${id}` })
    const second = opened(first, 'down', id, 70)
    expect(second.open).toBe(`down:${id}:100`)
    expect(opened(second, 'down', id, 20).open).toBe(`down:${id}:120`)
    expect(closed(opened(second, 'up', other, 2), 'down', id).open).toBe(`up:${other}:2`)
  })
  it('without added ones hide what is beyond, and show that again', () => {
    const shut = closed({}, 'up', id)
    expect(shut).toEqual({ shut: `up:${id}` })
    expect(opened(shut, 'up', id, 3)).toEqual({})
  })
  it('fold a DAG in the way that the view has', () => {
    expect(folded({}, id, true).shut).toBe(`dag:${id}`)
    expect(folded({ shut: `dag:${id}` }, id, false)).toEqual({})
    expect(folded({ group: 'dag' }, id, false).open).toBe(`dag:${id}`)
    expect(folded({ group: 'dag', open: `dag:${id},tasks:${id}` }, id, true)).toEqual({})
    expect(folded({}, id, false, false)).toEqual({ open: `dag:${id}`, shut: undefined })
    expect(folded({ open: `dag:${id}` }, id, true, false)).toEqual({
      open: undefined,
      shut: `dag:${id}`,
    })
    expect(withTasks({}, id, true).open).toBe(`tasks:${id}`)
  })
  it('collapse on the side away from the focus', () => {
    const upstream = card('job:a', { id, depth: -2 })
    const graph = graphOf('dataset:f', [upstream], [])
    expect(collapsed({}, upstream, graph)).toEqual({ shut: `up:${id}` })
    expect(collapsed({ open: `down:${id}` }, upstream, graph)).toEqual({})
    expect(expanded({ shut: `up:${id}` }, { ...upstream, more_upstream: 4 })).toEqual({})
  })
  it('leave out what an address cannot mean', () => {
    expect(textOf(changesOf(`down:${id},sideways:${id},up:1,,tasks:${id}`))).toBe(
      `down:${id},tasks:${id}`,
    )
  })
})

describe('a picture', () => {
  it('gets as many pixels as a canvas can hold', () => {
    expect(scaleOf(1000, 500)).toBe(2)
    expect(scaleOf(16_000, 500)).toBe(1)
    expect(scaleOf(40_000, 30_000)).toBeLessThan(0.5)
  })
})

describe('the middle of an edge', () => {
  it('is that of its longest stretch', () => {
    expect(
      middleOf([
        [0, 0],
        [10, 0],
        [110, 40],
        [120, 40],
      ]),
    ).toEqual([60, 20])
    expect(middleOf([])).toEqual([0, 0])
  })
})

describe('stepping through time', () => {
  it('goes from event to event, and ends at now', () => {
    const moments = [1000, 2000, 3000]
    expect(stepTo(moments, 5000, -1)).toBe(3001)
    expect(stepTo(moments, 3001, -1)).toBe(2001)
    expect(stepTo(moments, 1001, -1)).toBe(1001)
    expect(stepTo(moments, 2001, 1)).toBe(3001)
    expect(stepTo(moments, 3001, 1)).toBeNull()
    expect(stepTo([], 5000, -1)).toBeNull()
  })
  it('opens at the span that holds the runs', () => {
    const hour = 3_600_000
    expect(spanOf([9 * hour], 9.5 * hour, [1, 6, 24])).toBe(1)
    expect(spanOf([5 * hour, 9 * hour], 9.5 * hour, [1, 6, 24])).toBe(6)
    expect(spanOf([0], 90 * hour, [1, 6, 24])).toBe(24)
    expect(spanOf([], 90 * hour, [1, 6, 24])).toBe(1)
  })
})
