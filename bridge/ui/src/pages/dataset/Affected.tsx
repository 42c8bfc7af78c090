import { CircleHelp, Copy, Download } from 'lucide-react'
import { useState } from 'react'
import type { Affected as Item, Impact } from '../../api/schema'
import { get, useApi } from '../../api/client'
import { DatasetLink, JobLink, Owners } from '../../parts/Names'
import { Time } from '../../parts/Now'
import { Answer, Nothing } from '../../parts/Panel'
import { save } from '../../parts/save'
import { StateBadge } from '../../parts/State'
import { count, counted } from '../../text/numbers'
import { csvOf, messageOf, perhapsOf } from './impact'

const FIRST = 12
/** As many as one answer of the bridge has at most. */
const ALL = 10_000

/** Who is affected downstream: everything, by level, with its owners. */
export function Affected({
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
        <h2>Who is affected</h2>
        <span className="end row wrap">
          {columns.length > 0 && (
            <select
              className="field"
              aria-label="Affected by"
              value={column ?? ''}
              onChange={(event) => onColumn(event.target.value || undefined)}
            >
              <option value="">Anything in it changes</option>
              {columns.map((each) => (
                <option key={each} value={each}>
                  {each} changes
                </option>
              ))}
            </select>
          )}
          {found && found.items.length > 0 && (
            <>
              <CopyButton text={messageOf(name, found)} />
              <button
                type="button"
                className="button"
                onClick={() =>
                  void whole(found).then((impact) =>
                    save(
                      new Blob(['\ufeff', csvOf(impact)], { type: 'text/csv;charset=utf-8' }),
                      'impact.csv',
                    ),
                  )
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
            <Nothing title="Nothing downstream is known">
              {column
                ? 'What reads the dataset is known to use other columns.'
                : 'No job has been seen reading it.'}
            </Nothing>
          )
        }
      </Answer>
    </section>
  )
}

function Body({ impact }: { impact: Impact }) {
  const [all, setAll] = useState(false)
  const shown = all ? impact.items : impact.items.slice(0, FIRST)
  const perhaps = perhapsOf(impact)
  return (
    <>
      <div className="panel-body part">
        <p className="sentence">
          {counted(impact.datasets, 'dataset')} and {counted(impact.tasks, 'task')} in{' '}
          {counted(impact.dags.length, 'DAG')}
          {!impact.complete && ', and more that was not counted'}.
        </p>
        {perhaps && (
          <p className="row" role="note">
            <CircleHelp size={14} aria-hidden className="warn" />
            {perhaps}
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
            <span className="muted">Whose:</span>
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
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th style={{ width: 64 }}>Level</th>
              <th>What</th>
              <th>State</th>
              <th>Owner</th>
              <th>Columns</th>
              <th className="right">Written</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((item) => (
              <Row key={item.node} item={item} />
            ))}
          </tbody>
        </table>
      </div>
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

function Row({ item }: { item: Item }) {
  return (
    <tr title={item.path.join(' → ')}>
      <td className="num muted">{item.level}</td>
      <td className="name">
        {item.kind === 'dataset' ? (
          <DatasetLink dataset={item} />
        ) : (
          <span className="row">
            <JobLink
              job={{ ...item, label: item.task_id ?? item.name, kind: item.job_kind ?? 'job' }}
            />
            {item.dag_id && <span className="faint small cut">{item.dag_id}</span>}
          </span>
        )}
      </td>
      <td>{item.state ? <StateBadge state={item.state} /> : <span className="faint">–</span>}</td>
      <td>
        <Owners of={item.owners} />
      </td>
      <td className="mono small">
        {item.certain ? (
          item.columns.map((column) => (column === '*' ? 'every column' : column)).join(', ')
        ) : (
          <span className="faint">unknown</span>
        )}
      </td>
      <td className="right muted">
        {item.kind === 'dataset' ? <Time at={item.written_at} /> : null}
      </td>
    </tr>
  )
}

function CopyButton({ text }: { text: string }) {
  const [told, setTold] = useState('')
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setTold('Copied'),
      () => setTold('The browser does not allow it'),
    )
  return (
    <button type="button" className="button" onClick={() => void copy()}>
      <Copy size={13} aria-hidden />
      <span role="status">{told || 'Copy as a message'}</span>
    </button>
  )
}
