import { CircleHelp, Download } from 'lucide-react'
import { useState } from 'react'
import type { Affected as Item, Impact } from '../api/schema'
import { get, useApi } from '../api/client'
import { CopyButton } from '../parts/CopyButton'
import { DatasetLink, JobLink, Owners } from '../parts/Names'
import { Time } from '../parts/Now'
import { Answer, Empty } from '../parts/Panel'
import { saveCsv } from '../parts/csv'
import { StateBadge } from '../parts/State'
import { none, Table } from '../parts/Table'
import { count, counted } from '../text/numbers'
import { csvOf, messageOf, uncertaintyOf } from './impact'

const FIRST = 12
/** The largest `limit` that the API accepts. */
const ALL = 10_000

/** Impact downstream: everything, by level, with its owners. */
export function ImpactPanel({
  node,
  name,
  columns,
  column,
  onColumn,
}: {
  node: string
  name: string
  columns: string[]
  column: string | undefined
  onColumn: (column: string | undefined) => void
}) {
  const answer = useApi<Impact>('impact', { node, column }, { keep: true })
  const found = answer.data
  const whole = async (impact: Impact) =>
    impact.truncated ? await get<Impact>('impact', { node, column, limit: ALL }) : impact
  return (
    <section className="panel" id="impact">
      <header>
        <h2>Impact</h2>
        <span className="end row wrap">
          {columns.length > 0 && (
            <select
              className="field"
              aria-label="Change"
              value={column ?? ''}
              onChange={(event) => onColumn(event.target.value || undefined)}
            >
              <option value="">Any change</option>
              {columns.map((each) => (
                <option key={each} value={each}>
                  {each} changes
                </option>
              ))}
            </select>
          )}
          {found && found.items.length > 0 && (
            <>
              <CopyButton text={messageOf(name, found)} label="Copy message" />
              <button
                type="button"
                className="button"
                onClick={() =>
                  void whole(found).then((impact) => saveCsv(csvOf(impact), 'impact.csv'))
                }
              >
                <Download size={13} aria-hidden />
                CSV
              </button>
            </>
          )}
        </span>
      </header>
      <Answer of={answer} rows={4}>
        {(impact) =>
          impact.items.length ? (
            <Body impact={impact} key={`${node} ${column ?? ''}`} />
          ) : (
            <Empty title="Nothing downstream">
              {column ? 'Its readers use other columns.' : 'No known reader.'}
            </Empty>
          )
        }
      </Answer>
    </section>
  )
}

function Body({ impact }: { impact: Impact }) {
  const [all, setAll] = useState(false)
  const shown = all ? impact.items : impact.items.slice(0, FIRST)
  const uncertain = uncertaintyOf(impact)
  return (
    <>
      <div className="panel-body part">
        <p className="sentence">
          {counted(impact.datasets, 'dataset')} and {counted(impact.tasks, 'task')} in{' '}
          {counted(impact.dags.length, 'DAG')}
          {!impact.complete && ', and more beyond the limit'}.
        </p>
        {uncertain && (
          <p className="row" role="note">
            <CircleHelp size={14} aria-hidden className="warn" />
            {uncertain}
          </p>
        )}
        {impact.dags.length > 0 && (
          <p className="row wrap">
            <span className="muted">DAGs:</span>
            {impact.dags.map((dag) => (
              <JobLink key={dag.id} job={dag} />
            ))}
          </p>
        )}
        {impact.owners.length > 0 && (
          <p className="row wrap">
            <span className="muted">Owners:</span>
            {impact.owners.map((owner) => (
              <span key={owner.name} className="row" style={{ gap: 5 }}>
                <Owners of={[{ name: owner.name, type: null }]} />
                <span className="faint small">
                  {[
                    owner.datasets ? counted(owner.datasets, 'dataset') : '',
                    owner.dags ? counted(owner.dags, 'DAG') : '',
                  ]
                    .filter(Boolean)
                    .join(', ')}
                </span>
              </span>
            ))}
          </p>
        )}
      </div>
      <Table
        rows={shown}
        rowKey={(item) => item.node}
        titleOf={(item) => item.path.join(' → ')}
        columns={[
          { title: 'Level', width: 64, className: 'num muted', cell: (item) => item.level },
          { title: 'Asset', className: 'name', cell: (item) => <Asset item={item} /> },
          {
            title: 'State',
            cell: (item) => (item.state ? <StateBadge state={item.state} /> : none),
          },
          { title: 'Owner', cell: (item) => <Owners of={item.owners} /> },
          {
            title: 'Columns',
            className: 'mono small',
            cell: (item) =>
              item.certain ? columnsOf(item) : <span className="faint">unknown</span>,
          },
          {
            title: 'Written',
            right: true,
            className: 'muted',
            cell: (item) => item.kind === 'dataset' && <Time at={item.written_at} />,
          },
        ]}
      />
      {shown.length < impact.items.length && (
        <div className="more">
          <button type="button" className="button" onClick={() => setAll(true)}>
            Show{' '}
            {impact.truncated
              ? `the nearest ${count(impact.items.length)}`
              : `all ${count(impact.items.length)}`}
          </button>
        </div>
      )}
    </>
  )
}

const columnsOf = (item: Item) =>
  item.columns.map((column) => (column === '*' ? 'every column' : column)).join(', ')

function Asset({ item }: { item: Item }) {
  if (item.kind === 'dataset') return <DatasetLink dataset={item} />
  return (
    <span className="row">
      <JobLink job={{ ...item, label: item.task_id ?? item.name, kind: item.job_kind ?? 'job' }} />
      {item.dag_id && <span className="faint small cut">{item.dag_id}</span>}
    </span>
  )
}
