import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import type { ReceivedEvent } from '../api/schema'
import { useList } from '../api/client'
import { EventBody } from '../parts/EventBody'
import { Choice, Filter } from '../parts/Filter'
import { More } from '../parts/More'
import { Time } from '../parts/Now'
import { Answer, Nothing } from '../parts/Panel'
import { Badge } from '../parts/State'
import { useTrail } from '../shell/crumbs'
import { bytes } from '../text/numbers'
import type { Tone } from '../text/state'
import { fromInput, toInput } from '../text/time'

const route = getRouteApi('/events')
const states: [string, string][] = [
  ['waiting', 'Waiting'],
  ['absorbed', 'Absorbed'],
  ['quarantined', 'In quarantine'],
]
const tones: Record<string, Tone> = { waiting: 'run', quarantined: 'bad', absorbed: 'ok' }

/** Every event that was received, and what became of it. */
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
            options={states}
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
              <Rows events={events} />
            ) : (
              <Nothing title="No event matches">
                Events appear as soon as they are received.
              </Nothing>
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

function Rows({ events }: { events: ReceivedEvent[] }) {
  const [open, setOpen] = useState<number | null>(null)
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th>Received</th>
            <th>State</th>
            <th>Type</th>
            <th>Job</th>
            <th>Event time</th>
            <th className="right">Size</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <Row
              key={event.id}
              event={event}
              open={open === event.id}
              toggle={() => setOpen(open === event.id ? null : event.id)}
            />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Row({ event, open, toggle }: { event: ReceivedEvent; open: boolean; toggle: () => void }) {
  return (
    <>
      <tr>
        <td className="muted">
          <Time at={event.received_at} as="exact" />
        </td>
        <td>
          <Badge tone={tones[event.state] ?? 'non'}>
            {states.find(([name]) => name === event.state)?.[1] ?? event.state}
          </Badge>
          {event.reason && <div className="small words">{event.reason}</div>}
        </td>
        <td>
          <span className="tag">{event.event_type ?? 'none'}</span>
        </td>
        <td className="name">
          {event.job ? (
            <>
              <span className="mono cut" style={{ display: 'block' }} title={event.job.name}>
                {event.job.name}
              </span>
              <span className="faint small">{event.job.namespace}</span>
            </>
          ) : (
            <span className="faint">–</span>
          )}
        </td>
        <td>
          {event.event_time && !Number.isNaN(Date.parse(event.event_time)) ? (
            <Time at={event.event_time} as="exact" />
          ) : (
            <span className="mono small">{event.event_time ?? '–'}</span>
          )}
        </td>
        <td className="right num">{bytes(event.size)}</td>
        <td className="right">
          <button
            type="button"
            className="button"
            aria-expanded={open}
            aria-label={`${open ? 'Hide' : 'Show'} event ${event.id}`}
            onClick={toggle}
          >
            {open ? 'Hide' : 'Show'}
          </button>
        </td>
      </tr>
      {open && (
        <tr>
          <td colSpan={7}>
            <EventBody id={event.id} />
          </td>
        </tr>
      )}
    </>
  )
}
