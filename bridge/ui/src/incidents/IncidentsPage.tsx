import { getRouteApi } from '@tanstack/react-router'
import { useList } from '../api/client'
import type { Incident } from '../api/schema'
import { Choice, Filter } from '../parts/Filter'
import { More } from '../parts/More'
import { Answer, Empty } from '../parts/Panel'
import { useTrail } from '../shell/crumbs'
import { IncidentCard } from './IncidentCard'
import { incidentStates } from './incidents'

const route = getRouteApi('/incidents')
const states = Object.entries(incidentStates).map(([state, [, word]]): [string, string] => [
  state,
  word,
])

/** All incidents, the last detected first. */
export default function IncidentsPage() {
  useTrail('Incidents')
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const list = useList<Incident>('incidents', { ...search, limit: 25 })
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const filtered = Boolean(search.state || search.owner)
  return (
    <div className="page-body">
      <div className="title">
        <h1>Incidents</h1>
        <div className="filters end">
          <Filter label="Owner" value={search.owner} onChange={(owner) => set({ owner })} />
          <Choice
            label="Any state"
            options={states}
            value={search.state}
            onChange={(state) => set({ state })}
          />
        </div>
      </div>
      <Answer of={list} rows={8}>
        {({ pages }) => {
          const incidents = pages.flatMap((page) => page.items)
          if (incidents.length)
            return (
              <div className="incidents panel">
                {incidents.map((incident) => (
                  <IncidentCard key={incident.id} incident={incident} />
                ))}
              </div>
            )
          return (
            <div className="panel">
              <Empty title={filtered ? 'No incidents match' : 'No incidents yet'}>
                {filtered
                  ? 'Change the filter to see more.'
                  : 'An incident opens when a dataset or job fails or is late, one for each root cause.'}
              </Empty>
            </div>
          )
        }}
      </Answer>
      <More of={list} />
    </div>
  )
}
