import { Link } from '@tanstack/react-router'
import type { Health } from '../api/schema'
import { useApi } from '../api/client'
import { Time } from '../parts/Now'
import { Answer, Panel } from '../parts/Panel'
import { useTrail } from '../shell/crumbs'
import { count } from '../text/numbers'
import { Quarantine } from './Quarantine'
import { Sinks } from './Sinks'
import { Entries } from './Entries'

export default function Deliveries() {
  useTrail('Deliveries')
  const health = useApi<Health>('health')
  return (
    <div className="page-body">
      <div>
        <div className="title">
          <h1>Deliveries</h1>
        </div>
        <p className="muted">Events received, and entries delivered to other catalogs.</p>
      </div>
      <Answer of={health} rows={3}>
        {(now) => (
          <>
            <Panel title="Received" note={<Received last={now.inbox.last_received_at} />}>
              <div className="strip">
                {now.inbox.received !== null && (
                  <Figure value={now.inbox.received} text="events received" />
                )}
                <Figure value={now.inbox.waiting} text="waiting" />
                <Figure value={now.inbox.quarantined} text="quarantined" />
              </div>
            </Panel>
            <Sinks sinks={now.sinks} />
            {now.sinks.length > 0 && <Entries sinks={now.sinks} />}
            <Quarantine />
          </>
        )}
      </Answer>
    </div>
  )
}

function Received({ last }: { last: string | null }) {
  return (
    <>
      {last && (
        <>
          last <Time at={last} /> ·{' '}
        </>
      )}
      <Link to="/events" className="link-text">
        all events{' '}
      </Link>
    </>
  )
}

function Figure({ value, text }: { value: number; text: string }) {
  return (
    <div className="figure">
      <b>{count(value)}</b>
      <span>{text}</span>
    </div>
  )
}
