import type { Comparison, Run, TaskComparison } from '../api/schema'
import { shortName } from '../text/names'
import { counted } from '../text/numbers'
import { neverRan, wordOf } from '../text/state'
import { duration } from '../text/time'

/** Whether a task went otherwise than in the good run: another end, or notably longer or shorter. */
export function differs({ run, good, slower }: TaskComparison): boolean {
  if (!run || !good || run.state !== good.state) return true
  return slower !== null && Math.abs(slower) >= 1 && Math.abs(slower) > 0.1 * (good.duration ?? 0)
}

/** The differences in one sentence, the gravest first. */
export function sentenceOf(run: Pick<Run, 'state' | 'kind'>, found: Comparison): string {
  const parts: string[] = []
  if (!found.tasks.length && run.state !== 'success' && run.state !== 'running')
    parts.push(run.state === 'failed' ? 'it failed' : `it was ${wordOf(run.state).toLowerCase()}`)
  const failed = found.tasks.filter(
    (task) => task.run?.state === 'failed' && task.good?.state !== 'failed',
  )
  if (failed.length) parts.push(`${named(failed.map((task) => task.name))} failed`)
  const missing = found.tasks.filter(
    (task) => task.good?.state === 'success' && (!task.run || neverRan(task.run)),
  ).length
  if (missing) parts.push(`${counted(missing, 'task')} did not run`)
  if (found.slower !== null && Math.abs(found.slower) >= 1 && run.state === 'success')
    parts.push(
      `it took ${duration(Math.abs(found.slower))} ${found.slower > 0 ? 'longer' : 'less'}`,
    )
  const columns = found.datasets.filter((each) => each.changes.length)
  if (columns.length)
    parts.push(
      `the columns of ${named([...new Set(columns.map((each) => shortName(each.dataset.name)))])} changed`,
    )
  const rows = found.datasets.filter(
    (each) =>
      each.role === 'output' &&
      each.good_row_count !== null &&
      each.good_row_count > 0 &&
      each.row_count !== null &&
      Math.abs(each.row_count / each.good_row_count - 1) >= 0.3,
  )
  if (rows.length)
    parts.push(
      `${named(rows.map((each) => shortName(each.dataset.name)))} got ${rows.some((each) => (each.row_count ?? 0) < (each.good_row_count ?? 0)) ? 'far fewer' : 'far more'} rows`,
    )
  if (found.code.length)
    parts.push(`the ${[...new Set(found.code.map((code) => code.what))].join(' and ')} changed`)
  const version = found.settings.find((each) => each.name === 'DAG version')
  if (version)
    parts.push(`the DAG version changed (${version.before ?? '?'} → ${version.after ?? '?'})`)
  const known = !found.tasks.length && run.state !== 'success' ? 1 : 0
  if (parts.length === known)
    parts.push(
      found.settings.length
        ? 'only settings differ'
        : 'no other known difference in data, columns or code',
    )
  return `Since then: ${parts.join('; ')}.`
}

const named = (names: string[]) =>
  names.length > 3
    ? `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`
    : names.join(', ')
