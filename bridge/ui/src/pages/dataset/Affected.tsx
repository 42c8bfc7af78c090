import { Copy, Download } from 'lucide-react'
import { useState } from 'react'
import type { Affected as Item, Impact } from '../../api/schema'
import { useApi } from '../../api/client'
import { DatasetLink, JobLink, Owners } from '../../parts/Names'
import { Time } from '../../parts/Now'
import { Answer, Nothing } from '../../parts/Panel'
import { save } from '../../parts/save'
import { StateBadge } from '../../parts/State'
import { count, counted } from '../../text/numbers'
import { csvOf, messageOf } from './impact'

const FIRST = 12

/** Who is affected downstream: everything, by level, with its owners. */
export function Affected({ node, name, columns, column, onColumn }: { node: string; name: string; columns: string[]; column: string | undefined; onColumn: (column: string | undefined) => void }) {
  const answer = useApi<Impact>('impact', { node, column }, { keep: true })
  const found = answer.data
  return (
    <section className="panel" id="impact">
      <header>
        <h2>Who is affected</h2>
        <span className="end row wrap">
          {columns.length > 0 && (
            <select className="field" aria-label="Affected by" value={column ?? ''} onChange={(event) => onColumn(event.target.value || undefined)}>
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
              <button type="button" className="button" onClick={() => save(new Blob(['\ufeff', csvOf(found)], { type: 'text/csv;charset=utf-8' }), 'impact.csv')}>
                <Download size={13} aria-hidden />
                CSV
              </button>
            </>
          )}
        </span>
      </header>
      <Answer of={answer} rows={4}>
        {(impact) => (impact.items.length ? <Body impact={impact} key={`${node} ${column ?? ''}`} /> : <Nothing title="Nothing downstream is known">{column ? 'No column is known to come from this one.' : 'No job has been seen reading it.'}</Nothing>)}
      </Answer>
    </section>
  )
}

function Body({ impact }: { impact: Impact }) {
  const [all, setAll] = useState(false)
  const shown = all ? impact.items : impact.items.slice(0, FIRST)
  return (
    <>
      <div className="panel-body part">
        <p className="sentence">
          {counted(impact.datasets, 'dataset')} and {counted(impact.tasks, 'task')} in {counted(impact.dags.length, 'DAG')}
          {impact.truncated > 0 && `, and more than ${count(impact.truncated)} beyond these`}.
        </p>
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
                <span className="faint small">{[owner.datasets ? counted(owner.datasets, 'dataset') : '', owner.dags ? counted(owner.dags, 'DAG') : ''].filter(Boolean).join(', ')}</span>
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
            Show all {count(impact.items.length)}
          </button>
        </div>
      )}
    </>
  )
}

function Row({ item }: { item: Item }) {
  return (
    <tr>
      <td className="num muted">{item.level}</td>
      <td className="name">
        {item.kind === 'dataset' ? (
          <DatasetLink dataset={item} />
        ) : (
          <span className="row">
            <JobLink job={{ ...item, label: item.task_id ?? item.name, kind: item.job_kind ?? 'job' }} />
            {item.dag_id && <span className="faint small cut">{item.dag_id}</span>}
          </span>
        )}
      </td>
      <td>{item.state ? <StateBadge state={item.state} /> : <span className="faint">–</span>}</td>
      <td>
        <Owners of={item.owners} />
      </td>
      <td className="mono small">{item.columns.join(', ')}</td>
      <td className="right muted">{item.kind === 'dataset' ? <Time at={item.written_at} /> : null}</td>
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
