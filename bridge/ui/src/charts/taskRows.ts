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

/** Seconds from the first start to the last end of finished runs; null where none ran. */
export function spanOf(runs: Run[]): number | null {
  const ran = runs.filter((run) => run.started_at && run.ended_at && !neverRan(run))
  if (!ran.length) return null
  return (
    (Math.max(...ran.map((run) => Date.parse(run.ended_at ?? ''))) -
      Math.min(...ran.map((run) => Date.parse(run.started_at ?? '')))) /
    1000
  )
}
