import { Link } from '@tanstack/react-router'
import type { Run } from '../api/schema'
import { useNow } from '../parts/Now'
import { colorOf, toneOf, wordOf } from '../text/state'
import { byTime } from '../text/order'
import { clock } from '../text/time'

interface Props {
  runs: Run[] // of the DAG, newest first
  tasks: Run[] // of its tasks, every try
  order: string[]
  chosen: string | undefined
  onChoose: (id: string) => void
}

/** One column a DAG run, one row a task: where red begins is where to look. */
export function RunGrid({ runs, tasks, order, chosen, onChoose }: Props) {
  const now = useNow()
  const columns = runs.toReversed()
  const cells = cellsOf(tasks)
  const rows = rowsOf(tasks, order)
  if (!columns.length) return <p className="muted small">No runs yet.</p>
  return (
    <div
      className="grid-runs"
      style={{
        gridTemplateColumns: `minmax(120px, max-content) repeat(${columns.length}, 24px)`,
        padding: 0,
      }}
    >
      <span className="muted small">DAG run</span>
      {columns.map((run) => (
        <button
          key={run.id}
          type="button"
          className={`cell${run.id === chosen ? ' sel' : ''}`}
          aria-pressed={run.id === chosen}
          aria-label={`${wordOf(run.state)}, ${run.dag_run_id ?? run.run_id}`}
          title={`${wordOf(run.state)} · ${clock(run.started_at ?? run.ended_at ?? '', now)}\n${run.dag_run_id ?? run.run_id}`}
          style={{ background: colorOf(toneOf(run.state)), cursor: 'pointer' }}
          onClick={() => onChoose(run.id)}
        />
      ))}
      {rows.map((task) => (
        <Row key={task} task={task} columns={columns} cells={cells} />
      ))}
    </div>
  )
}

function Row({ task, columns, cells }: { task: string; columns: Run[]; cells: Map<string, Run> }) {
  return (
    <>
      <span className="mono small cut" style={{ maxWidth: 260 }} title={task}>
        {task}
      </span>
      {columns.map((column) => {
        const run = cells.get(`${column.dag_run_id ?? ''}\n${task}`)
        if (!run) return <span key={column.id} className="cell" data-empty />
        const label = `${task}: ${wordOf(run.state)}`
        return (
          <Link
            key={column.id}
            to="/runs/$id"
            params={{ id: run.id }}
            className="cell"
            aria-label={`${label}, ${column.dag_run_id ?? ''}`}
            title={label}
            style={{
              background: colorOf(toneOf(run.state)),
              opacity: toneOf(run.state) === 'ok' ? 0.65 : 1,
            }}
          />
        )
      })}
    </>
  )
}

/** Tasks in the order in which they start, those that never started last. */
export function rowsOf(tasks: Run[], known: string[]): string[] {
  const began = new Map<string, string>()
  const newestFirst = tasks.toSorted((a, b) => byTime(b.started_at, a.started_at))
  const ofRun = new Map<string, string | null>()
  for (const run of newestFirst) {
    const task = run.label
    const dagRun = ofRun.get(task)
    // The newest run in which a task started decides its place, by its first start there.
    if (run.started_at && (dagRun === undefined || dagRun === run.dag_run_id)) {
      ofRun.set(task, run.dag_run_id)
      began.set(task, run.started_at)
    }
  }
  const names = [...new Set([...known, ...tasks.map((run) => run.label)])]
  return names.sort((a, b) => byTime(began.get(a), began.get(b)) || a.localeCompare(b))
}

const gravity: Run['state'][] = [
  'failed',
  'aborted',
  'lost',
  'up_for_retry',
  'running',
  'queued',
  'deferred',
  'upstream_failed',
  'success',
  'skipped',
  'removed',
]

/** For each DAG run and task the run that counts: the last try; of mapped ones the gravest. */
export function cellsOf(tasks: Run[]): Map<string, Run> {
  const last = new Map<string, Run>()
  for (const run of tasks) {
    const key = `${run.dag_run_id ?? ''}\n${run.label}\n${run.map_index ?? ''}`
    const other = last.get(key)
    if (!other || (run.try_number ?? 0) > (other.try_number ?? 0)) last.set(key, run)
  }
  const cells = new Map<string, Run>()
  for (const run of last.values()) {
    const key = `${run.dag_run_id ?? ''}\n${run.label}`
    const other = cells.get(key)
    if (!other || gravity.indexOf(run.state) < gravity.indexOf(other.state)) cells.set(key, run)
  }
  return cells
}
