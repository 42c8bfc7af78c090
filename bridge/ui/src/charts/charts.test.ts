import { apart } from './ticks'
import { describe, expect, it } from 'vitest'
import type { Run } from '../api/schema'
import { failuresOf, fingerprint } from './failures'
import { sentenceOf } from './critical'
import { taskRowsOf, tookOf } from './taskRows'
import { teethOf } from '../freshness/teeth'
import { cellsOf, rowsOf } from './RunGrid'

let number = 0
const run = (task: string, more: Partial<Run> = {}): Run => ({
  run_id: `r${++number}`,
  id: `r${number}`,
  kind: 'task',
  job: { namespace: 'n', name: `dag.${task}` },
  label: task,
  dag_id: 'dag',
  dag_run_id: 'one',
  task_id: task,
  map_index: null,
  try_number: 1,
  state: 'success',
  queued_at: null,
  started_at: null,
  ended_at: null,
  duration: null,
  nominal_start_at: null,
  nominal_end_at: null,
  error: null,
  failed_assertions: 0,
  url: null,
  ...more,
})

describe('how long a run took', () => {
  const at = (clock: string) => `2026-01-01T${clock}Z`
  const own = { started_at: at('01:00:00'), ended_at: at('01:01:00'), duration: 60 }
  const now = Date.parse(at('02:00:00'))

  it('is its own duration where the runs inside it are within it', () => {
    const mapped = [0, 1].map((index) =>
      run('a', { map_index: index, started_at: at('01:00:01'), ended_at: at('01:00:59') }),
    )
    expect(tookOf(own, mapped, now)).toBe(60)
  })

  it('begins with the first try of a DAG run that was cleared', () => {
    const cleared = { started_at: at('01:11:48'), ended_at: at('01:11:48.185'), duration: 0.185 }
    const tries = [
      run('a', { started_at: at('01:00:00.185'), ended_at: at('01:00:09'), try_number: 1 }),
      run('a', { started_at: at('01:11:48'), ended_at: at('01:11:48.100'), try_number: 2 }),
    ]
    expect(tookOf(cleared, tries, now)).toBe(708)
    expect(tookOf({ ...cleared, ended_at: null, duration: null }, tries, now)).toBe(3599.815)
  })

  it('ends with the last of the runs inside it, and leaves out those that did not run', () => {
    const spark = run('app', { started_at: at('01:00:30'), ended_at: at('01:30:00') })
    const skipped = run('b', { state: 'skipped', started_at: at('00:10:00') })
    expect(tookOf(own, [spark, skipped], now)).toBe(1800)
  })

  it('is unknown before it started', () => {
    expect(tookOf({ started_at: null, ended_at: null, duration: null }, [], now)).toBeNull()
  })
})

describe('rows', () => {
  it('hold the tries of a task instance, each mapped one by itself, by first start', () => {
    const rows = taskRowsOf([
      run('late', { started_at: '2026-01-01T02:00:00Z' }),
      run('early', { try_number: 2, started_at: '2026-01-01T01:30:00Z' }),
      run('early', { try_number: 1, started_at: '2026-01-01T01:00:00Z' }),
      run('mapped', { map_index: 1, started_at: '2026-01-01T03:00:00Z' }),
      run('mapped', { map_index: 0, started_at: '2026-01-01T03:00:00Z' }),
    ])
    expect(rows.map((row) => row.label)).toEqual(['early', 'late', 'mapped [0]', 'mapped [1]'])
    expect(rows[0]?.runs.map((one) => one.try_number)).toEqual([1, 2])
  })
})

describe('the grid of runs', () => {
  it('shows the last try, and the gravest of mapped ones', () => {
    const cells = cellsOf([
      run('a', { try_number: 1, state: 'failed' }),
      run('a', { try_number: 2, state: 'success' }),
      run('m', { map_index: 0, state: 'success' }),
      run('m', { map_index: 1, state: 'failed' }),
    ])
    expect(cells.get('one\na')?.state).toBe('success')
    expect(cells.get('one\nm')?.state).toBe('failed')
  })
  it('lists tasks as they start, those that never started last', () => {
    const tasks = [
      run('b', { started_at: '2026-01-01T01:00:00Z' }),
      run('a', { started_at: '2026-01-01T02:00:00Z' }),
      run('z'),
    ]
    expect(rowsOf(tasks, ['never', 'a', 'b'])).toEqual(['b', 'a', 'never', 'z'])
  })
})

describe('failures', () => {
  it('are one when only numbers, ids and quoted values differ', () => {
    expect(fingerprint("Numeric value 'N/A' at line 18,204")).toBe(
      fingerprint("Numeric value 'x' at line 7"),
    )
    expect(fingerprint('\n  timeout after 3.04 s')).toBe('timeout after # s')
    const groups = failuresOf([
      run('a', { error: 'boom 1', ended_at: '2026-01-01T00:00:00Z' }),
      run('b', { error: 'boom 2', ended_at: '2026-01-02T00:00:00Z' }),
      run('c', { error: 'other' }),
      run('d'),
    ])
    expect(groups.map((group) => [group.text, group.times, group.tasks])).toEqual([
      ['boom 2', 2, ['a', 'b']],
      ['other', 1, ['c']],
    ])
  })
})

describe('the critical path', () => {
  const steps = (...names: string[]) =>
    names.map((task, at) => ({ task, runs: [task], seconds: 10 * (at + 1) }))
  it('is a sentence', () => {
    expect(sentenceOf({ steps: steps('load', 'sum'), seconds: 30, share: 0.97 })).toBe(
      'load → sum took 30s, 97% of the run; longest was sum at 20s.',
    )
    expect(sentenceOf({ steps: steps('only'), seconds: 10, share: 1 })).toBe(
      'only took 10s, 100% of the run.',
    )
  })
  it('is cut in the middle when it is long', () => {
    expect(
      sentenceOf({ steps: steps('a', 'b', 'c', 'd', 'e', 'f'), seconds: 1, share: 0.5 }),
    ).toMatch(/^a → b → 2 more → e → f took/)
  })
})

describe('the age of a dataset', () => {
  const write = (at: string) => ({ at, run: null, row_count: null })
  it('grows from write to write, and on until now', () => {
    const teeth = teethOf({
      since: '2026-01-01T00:00:00Z',
      now: '2026-01-01T06:00:00Z',
      writes: [write('2026-01-01T01:00:00Z'), write('2026-01-01T03:00:00Z')],
    })
    expect(teeth.map((tooth) => [tooth.before, tooth.age])).toEqual([
      [0, 7200],
      [0, 10800],
    ])
  })
  it('is known at the beginning by the write before', () => {
    const [first, ...rest] = teethOf({
      since: '2026-01-02T00:00:00Z',
      now: '2026-01-02T01:00:00Z',
      writes: [write('2026-01-01T12:00:00Z')],
    })
    expect([first?.before, first?.age, rest.length]).toEqual([43200, 46800, 0])
    expect(
      teethOf({ since: '2026-01-02T00:00:00Z', now: '2026-01-02T01:00:00Z', writes: [] }),
    ).toEqual([])
  })
})

describe('words below an axis', () => {
  it('never stand in each other', () => {
    const ticks = Array.from({ length: 12 }, (_, at) => new Date(at * 1000))
    const x = (at: number) => at / 20 // 50 pixels from tick to tick
    const places = apart(ticks, x, 110).map((tick) => x(tick.getTime()))
    expect(places).toEqual([0, 150, 300, 450])
  })
})
