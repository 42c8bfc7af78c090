import { describe, expect, it } from 'vitest'
import type { Comparison, Run, TaskComparison } from '../api/schema'
import { differs, sentenceOf } from './differences'

const run = (state: Run['state'], duration: number): Run => ({
  run_id: 'r',
  id: 'r',
  kind: 'task',
  job: { namespace: 'n', name: 'd.t' },
  label: 't',
  dag_id: 'd',
  dag_run_id: 'one',
  task_id: 't',
  map_index: null,
  try_number: 1,
  state,
  queued_at: null,
  started_at: null,
  ended_at: null,
  duration,
  nominal_start_at: null,
  nominal_end_at: null,
  error: null,
  failed_assertions: 0,
  url: null,
})
const task = (name: string, now: Run | null, good: Run | null): TaskComparison => ({
  name,
  map_index: null,
  run: now,
  good,
  slower: now && good ? (now.duration ?? 0) - (good.duration ?? 0) : null,
})
const nothing: Comparison = {
  good: run('success', 10),
  slower: 0,
  tasks: [],
  datasets: [],
  code: [],
  settings: [],
}

describe('a comparison', () => {
  it('leaves out what is unchanged', () => {
    expect(differs(task('a', run('success', 10.5), run('success', 10)))).toBe(false)
    expect(differs(task('a', run('success', 20), run('success', 10)))).toBe(true)
    expect(differs(task('a', run('failed', 10), run('success', 10)))).toBe(true)
    expect(differs(task('a', null, run('success', 10)))).toBe(true)
  })
  it('is a sentence, the worst first', () => {
    const tasks = [
      task('sum', run('failed', 3), run('success', 10)),
      task('publish', null, run('success', 10)),
      task('mail', run('upstream_failed', 0), run('success', 2)),
    ]
    expect(sentenceOf({ state: 'failed', kind: 'dag' }, { ...nothing, tasks })).toBe(
      'Since then: sum failed; 2 tasks did not run.',
    )
    expect(sentenceOf({ state: 'success', kind: 'task' }, { ...nothing, slower: 65 })).toBe(
      'Since then: it took 1m 05s longer.',
    )
    expect(sentenceOf({ state: 'failed', kind: 'task' }, nothing)).toBe(
      'Since then: it failed; no other known difference in data, columns or code.',
    )
  })
})
