import { useState } from 'react'
import type { EventSummary } from '../../api/schema'
import { EventBody } from '../../parts/EventBody'
import { Time } from '../../parts/Now'
import { Nothing, Panel } from '../../parts/Panel'
import { bytes, counted } from '../../text/numbers'

/** The events that told of a run, byte by byte on demand. */
export function Events({ events }: { events: EventSummary[] }) {
  const [open, setOpen] = useState<number | null>(null)
  return (
    <Panel title="Events as received" note={counted(events.length, 'event')} flush>
      {events.length ? (
        <div className="scroll">
          <table>
            <thead>
              <tr>
                <th>Type</th>
                <th>Event time</th>
                <th>Received</th>
                <th className="right">Size</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {events.map((event) => (
                <EventRow
                  key={event.id}
                  event={event}
                  open={open === event.id}
                  toggle={() => setOpen(open === event.id ? null : event.id)}
                />
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <Nothing title="No event of its own">
          What is known about this run was told by its DAG run.
        </Nothing>
      )}
    </Panel>
  )
}

function EventRow({
  event,
  open,
  toggle,
}: {
  event: EventSummary
  open: boolean
  toggle: () => void
}) {
  return (
    <>
      <tr>
        <td>
          <span className="tag">{event.event_type ?? 'none'}</span>
        </td>
        <td>
          {event.event_time && !Number.isNaN(Date.parse(event.event_time)) ? (
            <Time at={event.event_time} as="exact" />
          ) : (
            <span className="mono small">{event.event_time ?? '–'}</span>
          )}
        </td>
        <td className="muted">
          <Time at={event.received_at} as="exact" />
        </td>
        <td className="right num">{bytes(event.size)}</td>
        <td className="right">
          <button type="button" className="button" aria-expanded={open} onClick={toggle}>
            {open ? 'Hide' : 'Show'}
          </button>
        </td>
      </tr>
      {open && (
        <tr>
          <td colSpan={5}>
            <EventBody id={event.id} />
          </td>
        </tr>
      )}
    </>
  )
}
