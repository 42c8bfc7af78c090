import type { Freshness } from '../api/schema'
import { useApi } from '../api/client'
import { AgeChart } from './AgeChart'
import { Choice } from '../parts/Filter'
import { Answer } from '../parts/Panel'
import { Time } from '../parts/Now'
import { counted } from '../text/numbers'

const spans: [string, string][] = [
  ['1', 'Last day'],
  ['7', 'Last 7 days'],
  ['90', 'Last 90 days'],
]

/** The age of a dataset over time, its writes, and when it was late. */
export function FreshnessPanel({
  id,
  days,
  onDays,
}: {
  id: string
  days: string | undefined
  onDays: (days: string | undefined) => void
}) {
  const span = spans.find(([name]) => name === days)?.[0]
  const answer = useApi<Freshness>(
    `datasets/${encodeURIComponent(id)}/freshness`,
    { days: span ?? 30 },
    { keep: true },
  )
  return (
    <section className="panel">
      <header>
        <h2>Freshness</h2>
        <span className="end">
          <Choice label="Last 30 days" options={spans} value={span} onChange={onDays} />
        </span>
      </header>
      <div className="panel-body">
        <Answer of={answer} rows={4}>
          {(found) =>
            found.writes.length ? (
              <>
                <p className="sentence" style={{ marginBottom: 8 }}>
                  <Words freshness={found} />
                </p>
                <AgeChart freshness={found} />
              </>
            ) : (
              <p className="muted">No writes in this period.</p>
            )
          }
        </Answer>
      </div>
    </section>
  )
}

function Words({ freshness: { writes, rhythm, breaches, truncated } }: { freshness: Freshness }) {
  const last = writes.at(-1)
  const open = breaches.find((breach) => breach.until === null)
  const past = breaches.length - (open ? 1 : 0)
  if (!last) return null
  return (
    <>
      Written <Time at={last.at} />
      {rhythm ? (
        <>
          , {rhythm.text}.{' '}
          {open ? (
            <b className="bad-words">
              It has been late since <Time at={open.since} as="clock" />.
            </b>
          ) : (
            <>
              It will be late if nothing writes it until <Time at={rhythm.expected_by} as="clock" />
              .
            </>
          )}
          {past > 0 && (
            <>
              {' '}
              {open ? 'Before, it' : 'It'} was late {past === 1 ? 'once' : counted(past, 'time')}.
            </>
          )}
        </>
      ) : (
        <>. Its regular writes are too few or too irregular to say when to expect the next.</>
      )}
      {truncated && <span className="faint"> Only the newest writes are shown.</span>}
    </>
  )
}
