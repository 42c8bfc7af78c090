import { getRouteApi } from '@tanstack/react-router'
import type { DeliveryItem, SinkHealth } from '../../api/schema'
import { useList } from '../../api/client'
import { Choice } from '../../parts/Filter'
import { More } from '../../parts/More'
import { Time } from '../../parts/Now'
import { Answer, Nothing } from '../../parts/Panel'
import { Badge } from '../../parts/State'
import type { Tone } from '../../text/state'

const route = getRouteApi('/deliveries')
const states: [string, string][] = [
  ['waiting', 'Waiting'],
  ['rejected', 'Rejected'],
  ['settled', 'In sync'],
]
const tones: Record<string, Tone> = { waiting: 'run', rejected: 'bad', settled: 'ok' }

/** Entry by entry, what each catalog has been told. */
export function Told({ sinks }: { sinks: SinkHealth[] }) {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const list = useList<DeliveryItem>('deliveries', {
    sink: search.sink,
    state: search.state,
    limit: 50,
  })
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  return (
    <section className="panel">
      <header>
        <h2>Entry by entry</h2>
        <span className="end filters">
          <Choice
            label="Every catalog"
            options={sinks.map((sink) => [sink.name, sink.name])}
            value={search.sink}
            onChange={(sink) => set({ sink })}
          />
          <Choice
            label="Every state"
            options={states}
            value={search.state}
            onChange={(state) => set({ state })}
          />
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
                        <span
                          className="mono cut"
                          style={{ display: 'block' }}
                          title={item.name ?? item.key}
                        >
                          {item.name ?? item.key}
                        </span>
                        <span className="faint small">{item.kind}</span>
                      </td>
                      <td>{item.sink}</td>
                      <td>
                        <Badge tone={tones[item.state] ?? 'non'}>
                          {states.find(([name]) => name === item.state)?.[1] ?? item.state}
                        </Badge>
                      </td>
                      <td className="right num">{item.attempts}</td>
                      <td className="right muted">
                        <Time at={item.news_at} />
                      </td>
                      <td className="mono small words">{item.reason}</td>
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
