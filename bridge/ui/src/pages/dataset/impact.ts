import type { Impact } from '../../api/schema'
import { count, counted } from '../../text/numbers'

/** A cell that no spreadsheet takes for a formula. */
const cell = (value: string | number) => {
  const text = String(value)
  return `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`
}

/** Everything that is affected, as a table for spreadsheets. */
export function csvOf({ items }: Impact): string {
  const rows = items.map((item) => [
    item.level,
    item.kind,
    item.namespace,
    item.name,
    item.dag_id ?? '',
    item.task_id ?? '',
    item.owners.map((owner) => owner.name).join(', '),
    item.state ?? '',
    item.written_at ?? '',
    item.columns.join(', '),
    item.certain ? 'yes' : 'unknown',
    item.path.join(' > '),
  ])
  return [
    [
      'level',
      'kind',
      'namespace',
      'name',
      'dag',
      'task',
      'owners',
      'state',
      'written',
      'columns',
      'certain',
      'path',
    ],
    ...rows,
  ]
    .map((row) => row.map(cell).join(','))
    .join('\r\n')
}

/** How much of it is affected only perhaps; undefined where all is certain. */
export function perhapsOf(impact: Impact): string | undefined {
  const parts = [
    impact.uncertain_datasets ? counted(impact.uncertain_datasets, 'dataset') : '',
    impact.uncertain_tasks ? counted(impact.uncertain_tasks, 'task') : '',
  ].filter(Boolean)
  return parts.length
    ? `Of these, ${parts.join(' and ')} perhaps: which columns their readers use is not known.`
    : undefined
}

/** Who is affected, to paste into a message. */
export function messageOf(name: string, impact: Impact): string {
  const lines = [
    `A change of ${name} affects ${counted(impact.datasets, 'dataset')} and ${counted(impact.tasks, 'task')} in ${counted(impact.dags.length, 'DAG')}.`,
  ]
  const perhaps = perhapsOf(impact)
  if (perhaps) lines.push(perhaps)
  if (impact.dags.length) lines.push(`DAGs: ${impact.dags.map((dag) => dag.name).join(', ')}`)
  if (impact.owners.length)
    lines.push(`Owners: ${impact.owners.map((owner) => owner.name).join(', ')}`)
  const sets = impact.items.filter((item) => item.kind === 'dataset')
  if (sets.length)
    lines.push(
      'Datasets:',
      ...sets.map(
        (item) =>
          `- ${item.name}${item.owners.length ? ` (${item.owners.map((owner) => owner.name).join(', ')})` : ''}${item.certain ? '' : ' (perhaps)'}`,
      ),
    )
  if (sets.length < impact.datasets) lines.push(`and ${count(impact.datasets - sets.length)} more`)
  return lines.join('\n')
}
