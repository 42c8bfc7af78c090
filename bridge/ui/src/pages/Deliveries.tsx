import { useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { RotateCw } from 'lucide-react'
import type { DeliveryItem, Health, QuarantineItem, SinkHealth } from '../api/schema'
import { post, useApi, useList } from '../api/client'
import { Choice } from '../parts/Filter'
import { More } from '../parts/More'
import { Time } from '../parts/Now'
import { Answer, Nothing, Panel, Problem } from '../parts/Panel'
import { Badge } from '../parts/State'
import { useTrail } from '../shell/crumbs'
import type { Tone } from '../text/state'
import { bytes, count, counted } from '../text/numbers'

const route = getRouteApi('/deliveries')
const states: [string, string][] = [
  ['waiting', 'Waiting'],
  ['rejected', 'Rejected'],
  ['settled', 'In sync'],
]
const tones: Record<string, Tone> = { waiting: 'run', rejected: 'bad', settled: 'ok' }

export default function Deliveries() {
  useTrail('Deliveries')
  const health = useApi<Health>('health')
  return (
    <div className="page-body">
      <div>
        <div className="title">
          <h1>Deliveries</h1>
        </div>
        <p className="muted">What came in and was understood, and what other catalogs have been told.</p>
      </div>
      <Answer of={health} rows={3}>
        {(now) => (
          <>
            <Panel title="Came in">
              <div className="strip">
                <Figure value={now.inbox.received} text="events received" />
                <Figure value={now.inbox.waiting} text="waiting to be read" />
                <Figure value={now.inbox.quarantined} text="not understood" />
              </div>
            </Panel>
            <Sinks sinks={now.sinks} />
            {now.sinks.length > 0 && <Told sinks={now.sinks} />}
            <Quarantine />
          </>
        )}
      </Answer>
    </div>
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

interface Act {
  path: string
  params?: Record<string, string>
  label: string
  idle?: boolean // nothing to do
  told: (answer: Record<string, number>) => string
}

/** A button that asks the bridge to do something again, and says what came of it. */
function Again({ path, params, label, idle, told }: Act) {
  const queries = useQueryClient()
  const act = useMutation({ mutationFn: () => post<Record<string, number>>(path, params), onSettled: () => queries.invalidateQueries() })
  return (
    <span className="row">
      {act.error ? <span style={{ color: 'var(--bad-text)' }}>{act.error.message}</span> : act.data ? <span role="status">{told(act.data)}</span> : null}
      <button type="button" className="button" disabled={act.isPending || idle} onClick={() => act.mutate()}>
        <RotateCw size={13} aria-hidden />
        {label}
      </button>
    </span>
  )
}

function Sinks({ sinks }: { sinks: SinkHealth[] }) {
  return (
    <Panel title="Catalogs" note={counted(sinks.length, 'catalog')} flush>
      {sinks.length ? (
        <div className="scroll">
          <table>
            <thead>
              <tr>
                <th>Catalog</th>
                <th className="right">In sync</th>
                <th className="right">Waiting</th>
                <th className="right">Rejected</th>
                <th>Waits since</th>
                <th>Last error</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {sinks.map((sink) => (
                <tr key={sink.name}>
                  <td>
                    <b className="mono">{sink.name}</b> <span className="muted small">{sink.kind}</span>
                  </td>
                  <td className="right num">{count(sink.in_sync)}</td>
                  <td className="right num">{count(sink.waiting)}</td>
                  <td className="right num" style={{ color: sink.rejected ? 'var(--bad-text)' : undefined }}>
                    {count(sink.rejected)}
                  </td>
                  <td className="muted">
                    <Time at={sink.oldest_waiting_at} />
                  </td>
                  <td className="mono small" style={{ overflowWrap: 'anywhere' }}>
                    {sink.last_error}
                  </td>
                  <td className="right">{sink.rejected > 0 && <Again path="deliveries/retry" params={{ sink: sink.name }} label="Try the rejected again" told={({ retried }) => `${count(retried ?? 0)} again`} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <Nothing title="No other catalog is told">Sinks are configured where the bridge is started; without one, everything stays here.</Nothing>
      )}
    </Panel>
  )
}

function Told({ sinks }: { sinks: SinkHealth[] }) {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const list = useList<DeliveryItem>('deliveries', { sink: search.sink, state: search.state, limit: 50 })
  const set = (change: Partial<typeof search>) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  return (
    <section className="panel">
      <header>
        <h2>Entry by entry</h2>
        <span className="end filters">
          <Choice label="Every catalog" options={sinks.map((sink) => [sink.name, sink.name])} value={search.sink} onChange={(sink) => set({ sink })} />
          <Choice label="Every state" options={states} value={search.state} onChange={(state) => set({ state })} />
        </span>
      </header>
      <Answer of={list}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items)
          if (!items.length) return <Nothing title="Nothing of this kind" />
          return (
            <div className="scroll">
              <table>
                <thead>
                  <tr>
                    <th>Entry</th>
                    <th>Catalog</th>
                    <th>State</th>
                    <th className="right">Attempts</th>
                    <th className="right">News</th>
                    <th>Reason</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((item) => (
                    <tr key={`${item.sink} ${item.kind} ${item.key}`}>
                      <td className="name">
                        <span className="mono cut" style={{ display: 'block' }} title={item.name ?? item.key}>
                          {item.name ?? item.key}
                        </span>
                        <span className="faint small">{item.kind}</span>
                      </td>
                      <td>{item.sink}</td>
                      <td>
                        <Badge tone={tones[item.state] ?? 'non'}>{states.find(([name]) => name === item.state)?.[1] ?? item.state}</Badge>
                      </td>
                      <td className="right num">{item.attempts}</td>
                      <td className="right muted">
                        <Time at={item.news_at} />
                      </td>
                      <td className="mono small" style={{ overflowWrap: 'anywhere', maxWidth: 480 }}>
                        {item.reason}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }}
      </Answer>
      <More of={list} />
    </section>
  )
}

function Quarantine() {
  const list = useList<QuarantineItem>('quarantine', { limit: 20 })
  const items = list.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <section className="panel">
      <header>
        <h2>Not understood</h2>
        <span className="end">
          <Again path="quarantine/replay" idle={!items.length} label="Read all of them again" told={({ waiting }) => `${counted(waiting ?? 0, 'event')} to be read again`} />
        </span>
      </header>
      {list.error ? <Problem error={list.error} retry={() => void list.refetch()} /> : null}
      {items.length ? (
        items.map((item) => (
          <details key={item.event_id} style={{ padding: '9px 14px', borderTop: '1px solid var(--line)' }}>
            <summary style={{ cursor: 'pointer' }}>
              {item.reason}{' '}
              <span className="muted small">
                event {item.event_id}, {bytes(item.size)}, <Time at={item.received_at} />
              </span>
            </summary>
            <pre className="code" style={{ marginTop: 8 }} tabIndex={0} role="region" aria-label={`Event ${item.event_id}`}>
              {item.excerpt}
            </pre>
          </details>
        ))
      ) : (
        <Nothing title="Every event was understood">What cannot be read is kept here with the reason, and can be read again later.</Nothing>
      )}
      <More of={list} />
    </section>
  )
}
