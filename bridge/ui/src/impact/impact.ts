import type { Impact } from '../api/schema'
import { csv } from '../parts/csv'
import { count, counted } from '../text/numbers'

/** Everything affected, as CSV. */
export const csvOf = ({ items }: Impact): string =>
  csv(
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
    items.map((item) => [
      item.level,
      item.kind,
      item.namespace,
      item.name,
      item.dag_id,
      item.task_id,
      item.owners.map((owner) => owner.name).join(', '),
      item.state,
      item.written_at,
      item.columns.join(', '),
      item.certain ? 'yes' : 'unknown',
      item.path.join(' > '),
    ]),
  )

/** A sentence on what may be affected; undefined where all is certain. */
export function uncertaintyOf(impact: Impact): string | undefined {
  const parts = [
    impact.uncertain_datasets ? counted(impact.uncertain_datasets, 'dataset') : '',
    impact.uncertain_tasks ? counted(impact.uncertain_tasks, 'task') : '',
  ].filter(Boolean)
  return parts.length
    ? `Of these, ${parts.join(' and ')} may be affected: it is unknown which columns their readers use.`
    : undefined
}

/** The impact as a message. */
export function messageOf(name: string, impact: Impact): string {
  const lines = [
    `A change of ${name} affects ${counted(impact.datasets, 'dataset')} and ${counted(impact.tasks, 'task')} in ${counted(impact.dags.length, 'DAG')}.`,
  ]
  const uncertain = uncertaintyOf(impact)
  if (uncertain) lines.push(uncertain)
  if (impact.dags.length) lines.push(`DAGs: ${impact.dags.map((dag) => dag.name).join(', ')}`)
  if (impact.owners.length)
    lines.push(`Owners: ${impact.owners.map((owner) => owner.name).join(', ')}`)
  const sets = impact.items.filter((item) => item.kind === 'dataset')
  if (sets.length)
    lines.push(
      'Datasets:',
      ...sets.map(
        (item) =>
          `- ${item.name}${item.owners.length ? ` (${item.owners.map((owner) => owner.name).join(', ')})` : ''}${item.certain ? '' : ' (uncertain)'}`,
      ),
    )
  if (sets.length < impact.datasets) lines.push(`and ${count(impact.datasets - sets.length)} more`)
  return lines.join('\n')
}
