import { getRouteApi } from '@tanstack/react-router'
import type { DeliveryItem, SinkHealth } from '../api/schema'
import { useList } from '../api/client'
import { Choice } from '../parts/Filter'
import { More } from '../parts/More'
import { Time } from '../parts/Now'
import { Answer, Empty } from '../parts/Panel'
import { Badge } from '../parts/State'
import { Table } from '../parts/Table'
import type { Tone } from '../text/state'

const route = getRouteApi('/deliveries')
const states: [string, string][] = [
  ['waiting', 'Waiting'],
  ['rejected', 'Rejected'],
  ['settled', 'In sync'],
]
const tones: Record<string, Tone> = { waiting: 'run', rejected: 'bad', settled: 'ok' }

/** The delivery state of every entry, by sink. */
export function Entries({ sinks }: { sinks: SinkHealth[] }) {
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
        <h2>Entries</h2>
        <span className="end filters">
          <Choice
            label="Any catalog"
            options={sinks.map((sink) => [sink.name, sink.name])}
            value={search.sink}
            onChange={(sink) => set({ sink })}
          />
          <Choice
            label="Any state"
            options={states}
            value={search.state}
            onChange={(state) => set({ state })}
          />
        </span>
      </header>
      <Answer of={list}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items)
          if (!items.length) return <Empty title="No entries match" />
          return (
            <Table
              columns={[
                {
                  title: 'Entry',
                  className: 'name',
                  cell: (item) => (
                    <>
                      <span
                        className="mono cut"
                        style={{ display: 'block' }}
                        title={item.name ?? item.key}
                      >
                        {item.name ?? item.key}
                      </span>
                      <span className="faint small">{item.kind}</span>
                    </>
                  ),
                },
                { title: 'Catalog', cell: (item) => item.sink },
                {
                  title: 'State',
                  cell: (item) => (
                    <Badge tone={tones[item.state] ?? 'non'}>
                      {states.find(([name]) => name === item.state)?.[1] ?? item.state}
                    </Badge>
                  ),
                },
                { title: 'Attempts', right: true, className: 'num', cell: (item) => item.attempts },
                {
                  title: 'Changed',
                  right: true,
                  className: 'muted',
                  cell: (item) => <Time at={item.news_at} />,
                },
                { title: 'Reason', className: 'mono small words', cell: (item) => item.reason },
              ]}
              rows={items}
              rowKey={(item) => `${item.sink} ${item.kind} ${item.key}`}
            />
          )
        }}
      </Answer>
      <More of={list} />
    </section>
  )
}
