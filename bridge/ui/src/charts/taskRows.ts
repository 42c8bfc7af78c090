import type { Run } from '../api/schema'
import { byTime } from '../text/order'
import { neverRan } from '../text/state'

export interface TaskRow {
  label: string
  runs: Run[]
}

/** The label of a run among its siblings: the task, with its index when it is mapped. */
export function taskLabel(run: Run): string {
  const name = run.label
  return run.map_index !== null && run.map_index >= 0 ? `${name} [${run.map_index}]` : name
}

/** One row for each task instance with its tries, ordered by first start. */
export function taskRowsOf(runs: Run[]): TaskRow[] {
  const rows = new Map<string, Run[]>()
  for (const run of runs) rows.set(taskLabel(run), [...(rows.get(taskLabel(run)) ?? []), run])
  const begin = (run: Run | undefined) => run?.started_at ?? run?.queued_at ?? run?.ended_at
  const order = (a: Run, b: Run) =>
    (a.try_number ?? 0) - (b.try_number ?? 0) || byTime(begin(a), begin(b))
  return [...rows]
    .map(([label, tries]) => ({ label, runs: tries.sort(order) }))
    .sort((a, b) => byTime(begin(a.runs[0]), begin(b.runs[0])) || a.label.localeCompare(b.label))
}

type Timed = Pick<Run, 'started_at' | 'ended_at' | 'duration'>

/**
 * How long a run took with the runs inside it, in seconds: from the first start to the last end
 * where those are not within its own. A DAG run that was cleared has a duration since then only,
 * and a task may start what outlasts it. Null where it has not started; until now where it runs.
 */
export function tookOf(run: Timed, inside: Run[], now: number): number | null {
  const ran = inside.filter((one) => one.started_at && !neverRan(one))
  const starts = [run, ...ran].flatMap((one) =>
    one.started_at ? [Date.parse(one.started_at)] : [],
  )
  const ends = [run, ...ran].flatMap((one) => (one.ended_at ? [Date.parse(one.ended_at)] : []))
  if (!starts.length) return run.duration
  const isRunning = run.started_at !== null && run.ended_at === null && run.duration === null
  if (!isRunning && run.duration === null) return null
  const last = Math.max(...ends, ...(isRunning ? [now] : []))
  const whole = (last - Math.min(...starts)) / 1000
  return run.duration !== null && whole <= run.duration + 1 ? run.duration : whole
}
