import { describe, expect, it } from 'vitest'
import type { Impact } from '../api/schema'
import { csvOf, messageOf } from './impact'

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
  it('says what may be affected', () => {
    const uncertain: Impact = {
      ...impact,
      items: [{ ...item, certain: false }],
      datasets: 3,
      uncertain_datasets: 1,
    }
    const message = messageOf('orders', uncertain)
    expect(message).toContain(
      'Of these, 1 dataset may be affected: it is unknown which columns their readers use.',
    )
    expect(message).toContain('- a "b" (=HYPERLINK("x")) (uncertain)\nand 2 more')
    expect(csvOf(uncertain).split('\r\n')[1]).toContain('unknown,s > n')
  })
})
