import type { Impact } from '../../api/schema'
import { counted } from '../../text/numbers'

/** A cell that no spreadsheet takes for a formula. */
const cell = (value: string | number) => {
  const text = String(value)
  return `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`
}

/** Everything that is affected, as a table for spreadsheets. */
export function csvOf({ items }: Impact): string {
  const rows = items.map((item) => [item.level, item.kind, item.namespace, item.name, item.dag_id ?? '', item.task_id ?? '', item.owners.map((owner) => owner.name).join(', '), item.state ?? '', item.written_at ?? '', item.columns.join(', ')])
  return [['level', 'kind', 'namespace', 'name', 'dag', 'task', 'owners', 'state', 'written', 'columns'], ...rows].map((row) => row.map(cell).join(',')).join('\r\n')
}

/** Who is affected, to paste into a message. */
export function messageOf(name: string, impact: Impact): string {
  const lines = [`A change of ${name} affects ${counted(impact.datasets, 'dataset')} and ${counted(impact.tasks, 'task')} in ${counted(impact.dags.length, 'DAG')}.`]
  if (impact.dags.length) lines.push(`DAGs: ${impact.dags.map((dag) => dag.name).join(', ')}`)
  if (impact.owners.length) lines.push(`Owners: ${impact.owners.map((owner) => owner.name).join(', ')}`)
  const sets = impact.items.filter((item) => item.kind === 'dataset')
  if (sets.length) lines.push('Datasets:', ...sets.map((item) => `- ${item.name}${item.owners.length ? ` (${item.owners.map((owner) => owner.name).join(', ')})` : ''}`))
  return lines.join('\n')
}
