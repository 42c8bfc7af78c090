import { describe, expect, it } from 'vitest'
import type { Comparison, Impact, Run, TaskComparison } from '../api/schema'
import { csvOf, messageOf } from './dataset/impact'
import { differs, sentenceOf } from './run/differences'

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
  it('leaves out what went as before', () => {
    expect(differs(task('a', run('success', 10.5), run('success', 10)))).toBe(false)
    expect(differs(task('a', run('success', 20), run('success', 10)))).toBe(true)
    expect(differs(task('a', run('failed', 10), run('success', 10)))).toBe(true)
    expect(differs(task('a', null, run('success', 10)))).toBe(true)
  })
  it('is a sentence, the gravest first', () => {
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
      'Since then: it failed; nothing else differs that is known: the same data, columns and code.',
    )
  })
})

describe('the impact', () => {
  const owners = [{ name: '=HYPERLINK("x")', type: null }]
  const item = {
    kind: 'dataset' as const,
    id: '1',
    node: 'n',
    namespace: 'ns',
    name: 'a "b"',
    job_kind: null,
    dag_id: null,
    task_id: null,
    dataset_kind: null,
    level: 1,
    path: ['s', 'n'],
    certain: true,
    owners,
    state: null,
    written_at: null,
    columns: [],
  }
  const impact: Impact = {
    items: [item],
    owners: [{ name: 'Anna', datasets: 1, dags: 0 }],
    datasets: 1,
    tasks: 0,
    uncertain_datasets: 0,
    uncertain_tasks: 0,
    kinds: {},
    dags: [],
    truncated: 0,
    complete: true,
  }
  it('is a table in which nothing is a formula', () => {
    const [, row] = csvOf(impact).split('\r\n')
    expect(row).toContain('"a ""b"""')
    expect(row).toContain('"\'=HYPERLINK(""x"")"')
  })
  it('is a message', () => {
    expect(messageOf('orders', impact)).toBe(
      'A change of orders affects 1 dataset and 0 tasks in 0 DAGs.\nOwners: Anna\nDatasets:\n- a "b" (=HYPERLINK("x"))',
    )
  })
  it('says what is affected only perhaps', () => {
    const perhaps: Impact = {
      ...impact,
      items: [{ ...item, certain: false }],
      datasets: 3,
      uncertain_datasets: 1,
    }
    const message = messageOf('orders', perhaps)
    expect(message).toContain(
      'Of these, 1 dataset perhaps: which columns their readers use is not known.',
    )
    expect(message).toContain('- a "b" (=HYPERLINK("x")) (perhaps)\nand 2 more')
    expect(csvOf(perhaps).split('\r\n')[1]).toContain('"unknown","s > n"')
  })
})
