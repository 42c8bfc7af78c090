import type { EventSummary } from '../api/schema'
import { Empty, Panel } from '../parts/Panel'
import { counted } from '../text/numbers'
import { EventTable } from './EventTable'

/** The events of a run, with their bodies on demand. */
export function RunEvents({ events }: { events: EventSummary[] }) {
  return (
    <Panel title="Events as received" note={counted(events.length, 'event')} flush>
      {events.length ? (
        <EventTable events={events} />
      ) : (
        <Empty title="No events">This run is known from events of its DAG run.</Empty>
      )}
    </Panel>
  )
}
