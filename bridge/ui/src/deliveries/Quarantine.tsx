import { useState } from 'react'
import type { QuarantineItem } from '../api/schema'
import { useList } from '../api/client'
import { ActionButton } from '../parts/ActionButton'
import { EventBody } from '../events/EventBody'
import { More } from '../parts/More'
import { Time } from '../parts/Now'
import { Answer, Empty } from '../parts/Panel'
import { bytes, counted } from '../text/numbers'

/** Events that could not be parsed, with the reason, the raw body and a replay button. */
export function Quarantine() {
  const list = useList<QuarantineItem>('quarantine', { limit: 20 })
  const items = list.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <section className="panel">
      <header>
        <h2>Quarantine</h2>
        <span className="end">
          <ActionButton
            path="quarantine/replay"
            idle={!items.length}
            label="Replay all"
            outcome={({ waiting }) => `${counted(waiting ?? 0, 'event')} replaying`}
          />
        </span>
      </header>
      <Answer of={list} rows={2}>
        {() =>
          items.length ? (
            items.map((item) => <Item key={item.event_id} item={item} />)
          ) : (
            <Empty title="The quarantine is empty">
              Events that can’t be parsed are stored here with the reason, and can be replayed.
            </Empty>
          )
        }
      </Answer>
      <More of={list} />
    </section>
  )
}

function Item({ item }: { item: QuarantineItem }) {
  const [open, setOpen] = useState(false)
  const [whole, setWhole] = useState(false)
  const cut = item.size > item.excerpt.length
  return (
    <div className="odd" role="group" aria-label={`Event ${item.event_id}`}>
      <div className="row">
        <details className="grow" onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>
            {item.reason}{' '}
            <span className="muted small">
              event {item.event_id}, {bytes(item.size)}, <Time at={item.received_at} />
            </span>
          </summary>
        </details>
        <ActionButton
          path={`quarantine/${item.event_id}/replay`}
          label="Replay"
          outcome={() => 'Replaying'}
        />
      </div>
      {open &&
        (whole ? (
          <EventBody id={item.event_id} />
        ) : (
          <>
            <pre className="code" tabIndex={0} role="region" aria-label={`Event ${item.event_id}`}>
              {item.excerpt}
            </pre>
            {cut && (
              <button type="button" className="link-text" onClick={() => setWhole(true)}>
                Show the whole event
              </button>
            )}
          </>
        ))}
    </div>
  )
}
