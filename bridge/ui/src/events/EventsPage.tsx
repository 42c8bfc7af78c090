import { getRouteApi } from '@tanstack/react-router'
import type { ReceivedEvent } from '../api/schema'
import { useList } from '../api/client'
import { Choice, Filter } from '../parts/Filter'
import { More } from '../parts/More'
import { Answer, Empty } from '../parts/Panel'
import { useTrail } from '../shell/crumbs'
import { fromInput, toInput } from '../text/time'
import { EventTable, eventStates } from './EventTable'

const route = getRouteApi('/events')

/** All received events and their processing state. */
export default function Events() {
  useTrail('Events')
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const list = useList<ReceivedEvent>('events', { ...search, limit: 50 })
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  return (
    <div className="page-body">
      <div className="title">
        <h1>Events</h1>
        <div className="filters end wrap">
          <Filter
            label="Job (NAMESPACE:NAME)"
            value={search.job}
            onChange={(job) => set({ job })}
          />
          <Choice
            label="Any state"
            options={eventStates}
            value={search.state}
            onChange={(state) => set({ state })}
          />
          <Moment
            label="Received since"
            value={search.since}
            onChange={(since) => set({ since })}
          />
          <Moment
            label="Received before"
            value={search.until}
            onChange={(until) => set({ until })}
          />
        </div>
      </div>
      <div className="panel">
        <Answer of={list} rows={12}>
          {({ pages }) => {
            const events = pages.flatMap((page) => page.items)
            return events.length ? (
              <EventTable events={events} />
            ) : (
              <Empty title="No events match">Events appear as soon as they are received.</Empty>
            )
          }}
        </Answer>
        <More of={list} />
      </div>
    </div>
  )
}

function Moment({
  label,
  value,
  onChange,
}: {
  label: string
  value: string | undefined
  onChange: (value: string | undefined) => void
}) {
  return (
    <label className="row small muted" style={{ gap: 6 }}>
      {label}
      <input
        className="field"
        type="datetime-local"
        value={toInput(value)}
        onChange={(event) => onChange(fromInput(event.target.value))}
      />
    </label>
  )
}
