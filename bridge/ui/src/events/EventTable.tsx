import { useState } from 'react'
import type { EventSummary, ReceivedEvent } from '../api/schema'
import { Time } from '../parts/Now'
import { Badge } from '../parts/State'
import { none, Table } from '../parts/Table'
import { bytes } from '../text/numbers'
import type { Tone } from '../text/state'
import { EventBody } from './EventBody'

export const eventStates: [ReceivedEvent['state'], string][] = [
  ['waiting', 'Waiting'],
  ['absorbed', 'Absorbed'],
  ['quarantined', 'In quarantine'],
]
const words = Object.fromEntries(eventStates)
const tones: Record<ReceivedEvent['state'], Tone> = {
  waiting: 'run',
  quarantined: 'bad',
  absorbed: 'ok',
}

type Event = EventSummary | ReceivedEvent

const isTime = (text: string | null): text is string =>
  text !== null && !Number.isNaN(Date.parse(text))

function State({ event }: { event: ReceivedEvent }) {
  return (
    <>
      <Badge tone={tones[event.state]}>{words[event.state]}</Badge>
      {event.reason && <div className="small words">{event.reason}</div>}
    </>
  )
}

function Job({ event: { job } }: { event: ReceivedEvent }) {
  if (!job) return none
  return (
    <>
      <span className="mono cut" style={{ display: 'block' }} title={job.name}>
        {job.name}
      </span>
      <span className="faint small">{job.namespace}</span>
    </>
  )
}

/** Events with their bodies on demand; received ones also with their state and job. */
export function EventTable({ events }: { events: Event[] }) {
  const [open, setOpen] = useState<number | null>(null)
  const received = events.some((event) => 'state' in event)
  return (
    <Table<Event>
      rows={events}
      rowKey={(event) => event.id}
      detail={(event) => event.id === open && <EventBody id={event.id} />}
      columns={[
        {
          title: 'Received',
          className: 'muted',
          cell: (event) => <Time at={event.received_at} as="exact" />,
        },
        received && {
          title: 'State',
          cell: (event) => 'state' in event && <State event={event} />,
        },
        {
          title: 'Type',
          cell: (event) => <span className="tag">{event.event_type ?? 'none'}</span>,
        },
        received && {
          title: 'Job',
          className: 'name',
          cell: (event) => 'state' in event && <Job event={event} />,
        },
        {
          title: 'Event time',
          cell: ({ event_time: time }) =>
            isTime(time) ? (
              <Time at={time} as="exact" />
            ) : (
              <span className="mono small">{time ?? '–'}</span>
            ),
        },
        { title: 'Size', right: true, className: 'num', cell: (event) => bytes(event.size) },
        {
          title: <span className="hidden-text">Body</span>,
          right: true,
          cell: ({ id }) => (
            <button
              type="button"
              className="button"
              aria-expanded={open === id}
              aria-label={`${open === id ? 'Hide' : 'Show'} event ${id}`}
              onClick={() => setOpen(open === id ? null : id)}
            >
              {open === id ? 'Hide' : 'Show'}
            </button>
          ),
        },
      ]}
    />
  )
}
