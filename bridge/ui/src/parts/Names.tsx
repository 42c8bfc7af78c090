import { Link } from '@tanstack/react-router'
import { ListTree, Share2, Workflow, Fingerprint } from 'lucide-react'
import type { Column, DatasetItem, DatasetRef, JobRef, Owner, Tag } from '../api/schema'
import { initials, pathOf, shortName, tile } from '../text/names'

/** The scheme of a namespace names its platform: postgres://db:5432 is postgres. */
export const platformOf = (namespace: string) => namespace.split(':')[0] ?? namespace

export function Tile({ platform }: { platform: string | null }) {
  const [letters, color] = tile(platform)
  return (
    <span className="tile" style={{ background: color }} title={platform ?? undefined} aria-hidden>
      {letters}
    </span>
  )
}

export function DatasetLink({
  dataset,
  platform,
}: {
  dataset: Pick<DatasetRef, 'id' | 'namespace' | 'name'>
  platform?: string
}) {
  return (
    <span className="row" style={{ gap: 8 }}>
      <Tile platform={platform ?? platformOf(dataset.namespace)} />
      <span className="cut" style={{ lineHeight: '16px' }}>
        <Link
          to="/datasets/$id"
          params={{ id: dataset.id }}
          className="link mono"
          title={`${dataset.namespace}\n${dataset.name}`}
        >
          {shortName(dataset.name)}
        </Link>
        <span className="faint small cut" style={{ display: 'block' }}>
          {[dataset.namespace, pathOf(dataset.name)].filter(Boolean).join(' · ')}
        </span>
      </span>
    </span>
  )
}

/** The short name of a job: the task, the table, the model. */
export const jobLabel = (job: Pick<JobRef, 'label'>) => job.label

export function JobLink({ job, full }: { job: JobRef; full?: boolean }) {
  const Icon = job.kind === 'dag' ? Workflow : ListTree
  return (
    <span className="row" style={{ gap: 7 }}>
      <Icon size={14} color="var(--faint)" aria-hidden style={{ flex: 'none' }} />
      <Link
        to="/jobs/$id"
        params={{ id: job.id }}
        className="link mono cut"
        title={`${job.namespace}\n${job.name}`}
      >
        {full ? job.name : jobLabel(job)}
      </Link>
    </span>
  )
}

export function LineageLink({ node, label = 'Lineage' }: { node: string; label?: string }) {
  return (
    <Link to="/lineage" search={{ focus: node }} className="button">
      <Share2 size={14} aria-hidden />
      {label}
    </Link>
  )
}

export function Owners({ of }: { of: Owner[] }) {
  if (!of.length) return <span className="faint">–</span>
  return (
    <span className="row wrap" style={{ gap: 4 }}>
      {[...new Set(of.map((owner) => owner.name))].map((name) => (
        <span key={name} className="row" style={{ gap: 5 }}>
          <span className="avatar" aria-hidden>
            {initials(name)}
          </span>
          {name}
        </span>
      ))}
    </span>
  )
}

export function Tags({ of }: { of: Tag[] }) {
  if (!of.length) return null
  return (
    <span className="row wrap" style={{ gap: 4 }}>
      {of.map((tag) => (
        <span
          key={`${tag.key}=${tag.value ?? ''}@${tag.field ?? ''}`}
          className="tag"
          title={tag.source ?? undefined}
        >
          {tag.value && tag.value !== 'true' && tag.value !== tag.key
            ? `${tag.key}: ${tag.value}`
            : tag.key}
        </span>
      ))}
    </span>
  )
}

type PersonalColumns = Pick<DatasetItem, 'personal' | 'personal_reached' | 'personal_masked'>

export const hasPersonal = (of: PersonalColumns) =>
  of.personal.length + of.personal_reached.length + of.personal_masked.length > 0

/** The number of columns with personal data, by tags or by column lineage. */
export function Personal({ of }: { of: PersonalColumns }) {
  const { personal, personal_reached: reached, personal_masked: masked } = of
  if (!hasPersonal(of)) return null
  const named = (columns: string[]) =>
    columns.map((column) => (column === '*' ? 'the whole dataset' : column)).join(', ')
  const texts = [
    personal.length ? `Personal data: ${named(personal)}` : '',
    reached.length ? `Reached by personal data, not tagged: ${named(reached)}` : '',
    masked.length ? `Made from personal data, masked: ${named(masked)}` : '',
  ].filter(Boolean)
  const tagged =
    personal.filter((column) => column !== '*').length || (personal.length ? 'all' : '')
  const more = reached.length ? `+${reached.length}` : ''
  return (
    <span
      className="badge"
      data-tone={reached.length ? 'bad' : personal.length ? 'acc' : 'ok'}
      title={texts.join('\n')}
      role="img"
      aria-label={texts.join('. ')}
    >
      <Fingerprint size={11} aria-hidden />
      <span className="num">{tagged || more ? `${tagged}${more}` : masked.length}</span>
    </span>
  )
}

const personalWords = {
  tagged: ['personal data', 'var(--accent)'],
  reached: ['personal data by lineage, not tagged', 'var(--bad)'],
  masked: ['made from personal data, masked', 'var(--ok)'],
} as const

/** A mark for a column with personal data. */
export function PersonalColumn({ kind }: { kind: Column['personal_kind'] | undefined }) {
  if (!kind) return null
  const [label, color] = personalWords[kind]
  return (
    <span title={label} style={{ display: 'inline-flex', flex: 'none' }}>
      <Fingerprint size={12} color={color} role="img" aria-label={label} />
    </span>
  )
}

/** A mark for a column that is in no schema. */
export function LineageOnly({ column }: { column: Column }) {
  if (column.known_by === 'schema') return null
  return (
    <span className="tag" title="Named by column lineage, not in the schema">
      lineage only
    </span>
  )
}
