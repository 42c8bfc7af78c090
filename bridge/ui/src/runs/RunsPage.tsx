import { getRouteApi } from '@tanstack/react-router'
import type { Run } from '../api/schema'
import { useList } from '../api/client'
import { Choice, Filter } from '../parts/Filter'
import { More } from '../parts/More'
import { NamespaceChoice } from '../parts/NamespaceChoice'
import { Answer, Empty } from '../parts/Panel'
import { RunTable } from './RunTable'
import { useTrail } from '../shell/crumbs'
import { wordOf } from '../text/state'

const route = getRouteApi('/runs')
const states: Run['state'][] = [
  'running',
  'queued',
  'deferred',
  'up_for_retry',
  'success',
  'failed',
  'upstream_failed',
  'skipped',
  'aborted',
  'lost',
]
const kinds: [string, string][] = [
  ['dag', 'DAG runs'],
  ['task', 'Task runs'],
  ['application', 'Applications'],
  ['query', 'Queries'],
  ['job', 'Other jobs'],
  ['dag_file', 'DAG files'],
]

export default function Runs() {
  useTrail('Runs')
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const { inside, ...filters } = search
  const outermost = !inside && ![filters.dag_id, filters.kind, filters.state].some(Boolean)
  const list = useList<Run>('runs', {
    ...filters,
    ...(outermost ? { outermost: 'true' } : {}),
    limit: 50,
  })
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  return (
    <div className="page-body">
      <div className="title">
        <h1>Runs</h1>
        <div className="filters end">
          <Choice
            label="Top-level runs"
            options={[['shown', 'With child runs']]}
            value={inside ?? (outermost ? undefined : 'shown')}
            onChange={(next) =>
              set({
                inside: next,
                ...(next ? {} : { kind: undefined, state: undefined, dag_id: undefined }),
              })
            }
          />
          <Filter label="DAG ID" value={search.dag_id} onChange={(dag_id) => set({ dag_id })} />
          <NamespaceChoice value={search.namespace} onChange={(namespace) => set({ namespace })} />
          <Choice
            label="Any kind"
            options={kinds}
            value={search.kind}
            onChange={(kind) => set({ kind })}
          />
          <Choice
            label="Any state"
            options={states.map((state) => [state, wordOf(state)])}
            value={search.state}
            onChange={(state) => set({ state })}
          />
        </div>
      </div>
      <div className="panel">
        <Answer of={list} rows={12}>
          {({ pages }) => {
            const runs = pages.flatMap((page) => page.items)
            return runs.length ? (
              <RunTable runs={runs} named />
            ) : (
              <Empty title="No runs match">Runs appear as soon as their first event arrives.</Empty>
            )
          }}
        </Answer>
        <More of={list} />
      </div>
    </div>
  )
}
