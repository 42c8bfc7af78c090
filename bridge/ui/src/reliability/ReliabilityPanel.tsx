import { useState } from 'react'
import { useApi } from '../api/client'
import type { Reliability, ReliabilityItem } from '../api/schema'
import { NodeLink } from '../parts/NodeLink'
import { Answer, Empty } from '../parts/Panel'
import { none, Table } from '../parts/Table'
import { count, counted } from '../text/numbers'
import { about } from '../text/time'
import { hasRecord, leastReliableFirst, percent } from './reliability'

type By = Reliability['by']

const FIRST = 8
const LIMIT = 200
const spans = [7, 30, 90] as const
const kinds: [By, string][] = [
  ['owner', 'Owners'],
  ['dag', 'DAGs'],
  ['dataset', 'Datasets'],
]

/** How reliable owners, DAGs and datasets were, the least reliable first. */
export function ReliabilityPanel() {
  const [by, setBy] = useState<By>('dag')
  const [days, setDays] = useState<number>(7)
  const answer = useApi<Reliability>('reliability', { by, days, limit: LIMIT }, { keep: true })
  return (
    <section className="panel" aria-label="Reliability">
      <header>
        <h2>Reliability</h2>
        <span className="end row wrap">
          <span className="segments" role="group" aria-label="Reliability of">
            {kinds.map(([kind, word]) => (
              <button
                key={kind}
                type="button"
                aria-pressed={by === kind}
                onClick={() => setBy(kind)}
              >
                {word}
              </button>
            ))}
          </span>
          <span className="segments" role="group" aria-label="Reliability over">
            {spans.map((span) => (
              <button
                key={span}
                type="button"
                aria-pressed={days === span}
                onClick={() => setDays(span)}
              >
                {span} days
              </button>
            ))}
          </span>
        </span>
      </header>
      <Answer of={answer} rows={4}>
        {(found) => <Body found={found} key={found.by} />}
      </Answer>
    </section>
  )
}

function Body({ found }: { found: Reliability }) {
  const [all, setAll] = useState(false)
  const items = leastReliableFirst(found.items.filter(hasRecord))
  if (!items.length)
    return (
      <Empty title="Nothing to count in this period">
        Promises are counted once a dataset has an expectation; runs once one has ended.
      </Empty>
    )
  const shown = all ? items : items.slice(0, FIRST)
  return (
    <>
      <Table
        rows={shown}
        rowKey={(item) => item.name}
        columns={[
          {
            title: found.by === 'owner' ? 'Owner' : found.by === 'dag' ? 'DAG' : 'Dataset',
            className: 'name',
            cell: (item) => <Name item={item} by={found.by} />,
          },
          {
            title: 'Fresh on time',
            right: true,
            className: 'nowrap',
            cell: (item) => <Share share={item.kept_share} part={item.kept} of={item.promises} />,
          },
          {
            title: 'Runs succeeded',
            right: true,
            className: 'nowrap',
            cell: (item) => (
              <Share share={item.success_share} part={item.succeeded} of={item.runs} />
            ),
          },
          {
            title: 'Incidents',
            right: true,
            className: 'num',
            cell: (item) => (item.incidents ? count(item.incidents) : none),
          },
          {
            title: 'Time to resolve',
            right: true,
            className: 'num nowrap',
            cell: (item) => (item.time_to_resolve === null ? none : about(item.time_to_resolve)),
          },
        ]}
      />
      {(shown.length < items.length || found.next) && (
        <div className="more row">
          {shown.length < items.length && (
            <button type="button" className="button" onClick={() => setAll(true)}>
              Show all {count(items.length)}
            </button>
          )}
          {found.next && (
            <span className="muted small">of the first {counted(LIMIT, 'name')} by alphabet</span>
          )}
        </div>
      )}
    </>
  )
}

function Name({ item, by }: { item: ReliabilityItem; by: By }) {
  if (by !== 'owner') return <NodeLink node={item.name} label={item.label} icon />
  return (
    <>
      {item.label}{' '}
      <span className="faint small">
        {counted(item.datasets, 'dataset')}
        {item.datasets_left_out ? `, ${count(item.datasets_left_out)} not counted` : ''}
      </span>
    </>
  )
}

/** A share in percent with its figures; a dash where there was nothing to count. */
function Share({ share, part, of }: { share: number | null; part: number; of: number }) {
  if (share === null) return none
  return (
    <span className="num">
      <b className={share < 0.9 ? 'worse' : undefined}>{percent(share)}</b>{' '}
      <span className="faint small">
        {count(part)} of {count(of)}
      </span>
    </span>
  )
}
