import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from '@tanstack/react-router'
import { lineageSearch } from './lineage/search'
import { Problem } from './parts/Panel'
import { NotFound, Shell } from './shell/Shell'

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: ({ error, reset }) => (
    <div className="page-body">
      <Problem error={error} retry={reset} />
    </div>
  ),
})

const text = (value: unknown) =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined

/** Only the search parameters that a page reads; the router would keep all others. */
function only<T extends object>(read: (search: Record<string, unknown>) => T) {
  return (search: Record<string, unknown>): T => ({
    ...Object.fromEntries(Object.keys(search).map((name) => [name, undefined])),
    ...read(search),
  })
}

/** The named search parameters, as text. */
function texts<K extends string>(...names: K[]) {
  return only((search): { [N in K]?: string } => {
    const found: { [N in K]?: string } = {}
    for (const name of names) {
      const value = text(search[name])
      if (value) found[name] = value
    }
    return found
  })
}

const health = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('./health/HealthPage')),
})
const lineage = createRoute({
  getParentRoute: () => root,
  path: '/lineage',
  validateSearch: only(lineageSearch),
  component: lazyRouteComponent(() => import('./lineage/LineagePage')),
})
const datasets = createRoute({
  getParentRoute: () => root,
  path: '/datasets',
  validateSearch: texts('q', 'namespace', 'platform', 'owner', 'tag'),
  component: lazyRouteComponent(() => import('./datasets/DatasetsPage')),
})
const dataset = createRoute({
  getParentRoute: () => root,
  path: '/datasets/$id',
  validateSearch: texts('days', 'column'),
  component: lazyRouteComponent(() => import('./datasets/DatasetPage')),
})
const dags = createRoute({
  getParentRoute: () => root,
  path: '/dags',
  validateSearch: texts('q', 'namespace', 'kind', 'lineage'),
  component: lazyRouteComponent(() => import('./jobs/JobsPage')),
})
const job = createRoute({
  getParentRoute: () => root,
  path: '/jobs/$id',
  validateSearch: texts('run'),
  component: lazyRouteComponent(() => import('./jobs/JobPage')),
})
const runs = createRoute({
  getParentRoute: () => root,
  path: '/runs',
  validateSearch: texts('state', 'kind', 'dag_id', 'namespace', 'inside'),
  component: lazyRouteComponent(() => import('./runs/RunsPage')),
})
const run = createRoute({
  getParentRoute: () => root,
  path: '/runs/$id',
  validateSearch: texts(),
  component: lazyRouteComponent(() => import('./runs/RunPage')),
})

const events = createRoute({
  getParentRoute: () => root,
  path: '/events',
  validateSearch: texts('job', 'state', 'since', 'until'),
  component: lazyRouteComponent(() => import('./events/EventsPage')),
})
const changes = createRoute({
  getParentRoute: () => root,
  path: '/changes',
  component: lazyRouteComponent(() => import('./changes/ChangesPage')),
})
const deliveries = createRoute({
  getParentRoute: () => root,
  path: '/deliveries',
  validateSearch: texts('sink', 'state'),
  component: lazyRouteComponent(() => import('./deliveries/DeliveriesPage')),
})

const incidents = createRoute({
  getParentRoute: () => root,
  path: '/incidents',
  validateSearch: texts('state', 'owner'),
  component: lazyRouteComponent(() => import('./incidents/IncidentsPage')),
})
const incident = createRoute({
  getParentRoute: () => root,
  path: '/incidents/$id',
  validateSearch: texts(),
  component: lazyRouteComponent(() => import('./incidents/IncidentPage')),
})

const contracts = createRoute({
  getParentRoute: () => root,
  path: '/contracts',
  validateSearch: texts('verdict'),
  component: lazyRouteComponent(() => import('./contracts/ContractsPage')),
})

const personal = createRoute({
  getParentRoute: () => root,
  path: '/personal-data',
  component: lazyRouteComponent(() => import('./personal/PersonalPage')),
})

const access = createRoute({
  getParentRoute: () => root,
  path: '/access',
  component: lazyRouteComponent(() => import('./access/AccessPage')),
})

const base = new URL(document.baseURI).pathname.replace(/\/$/, '')

export const router = createRouter({
  routeTree: root.addChildren([
    health,
    lineage,
    datasets,
    dataset,
    dags,
    job,
    runs,
    run,
    events,
    incidents,
    incident,
    changes,
    contracts,
    personal,
    deliveries,
    access,
  ]),
  basepath: base || '/',
  defaultPreload: 'intent',
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
