import { getRouteApi } from '@tanstack/react-router'
import { Download } from 'lucide-react'
import type { DatasetItem, Label, Labels, Namespace } from '../api/schema'
import { addressOf, useApi, useList } from '../api/client'
import { Choice, Filter } from '../parts/Filter'
import { More } from '../parts/More'
import { DatasetLink, hasPersonal, JobLink, Owners, Personal, Tags } from '../parts/Names'
import { Time } from '../parts/Now'
import { Answer, Empty } from '../parts/Panel'
import { Presence } from '../parts/Presence'
import { Badge, StateBadge } from '../parts/State'
import { Table } from '../parts/Table'
import { useTrail } from '../shell/crumbs'
import { firstLine } from '../text/names'
import { count } from '../text/numbers'

const route = getRouteApi('/datasets')

export default function Datasets() {
  useTrail('Datasets')
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const list = useList<DatasetItem>('datasets', {
    q: search.q,
    namespace: search.namespace,
    platform: search.platform,
    owner: search.owner,
    tag: search.tag,
    count: true,
    limit: 50,
  })
  const total = list.data?.pages[0]?.total
  const places = useApi<Namespace[]>('namespaces')
  const labels = useApi<Labels>('labels')
  const platforms = [
    ...new Set(places.data?.filter((place) => place.datasets).map((place) => place.platform)),
  ].sort()
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  return (
    <div className="page-body">
      <div className="title">
        <h1>Datasets</h1>
        {total !== undefined && total !== null && <span className="muted num">{count(total)}</span>}
        <div className="filters end">
          <Filter label="Filter by name" value={search.q} onChange={(q) => set({ q })} />
          {(platforms.length > 1 || search.platform) && (
            <Choice
              label="Any platform"
              options={platforms.map((name) => [name, name])}
              value={search.platform}
              onChange={(platform) => set({ platform })}
            />
          )}
          <LabelChoice
            label="Any owner"
            of={labels.data?.owners}
            value={search.owner}
            onChange={(owner) => set({ owner })}
          />
          <LabelChoice
            label="Any tag"
            of={labels.data?.tags}
            value={search.tag}
            onChange={(tag) => set({ tag })}
          />
          <a
            className="button"
            href={addressOf('personal-data.csv', { owner: search.owner })}
            title="Every column with personal data, by tags and by column lineage"
            download
          >
            <Download size={13} aria-hidden />
            Personal data (CSV)
          </a>
          {search.namespace && (
            <button type="button" className="button" onClick={() => set({ namespace: undefined })}>
              in {search.namespace} ×
            </button>
          )}
        </div>
      </div>
      <div className="panel">
        <Answer of={list} rows={12}>
          {({ pages }) => (
            <Rows
              datasets={pages.flatMap((page) => page.items)}
              filtered={Object.values(search).some(Boolean)}
              onNamespace={(namespace) => set({ namespace })}
            />
          )}
        </Answer>
        <More of={list} />
      </div>
    </div>
  )
}

/** A choice among the labels that there are; nothing where there are none. */
function LabelChoice({
  of,
  ...rest
}: {
  of: Label[] | undefined
  label: string
  value: string | undefined
  onChange: (value: string | undefined) => void
}) {
  if (!of?.length && !rest.value) return null
  return (
    <Choice
      {...rest}
      options={(of ?? []).map(({ name, datasets }) => [name, `${name} (${count(datasets)})`])}
    />
  )
}

function Rows({
  datasets,
  filtered,
  onNamespace,
}: {
  datasets: DatasetItem[]
  filtered: boolean
  onNamespace: (namespace: string) => void
}) {
  if (!datasets.length) {
    return filtered ? (
      <Empty title="No datasets match">Change the filter to see more.</Empty>
    ) : (
      <Empty title="No datasets yet">
        Datasets appear with the first event that names one as input or output.
      </Empty>
    )
  }
  const described = datasets.some((dataset) => dataset.description)
  const tagged = datasets.some((dataset) => dataset.tags.length || hasPersonal(dataset))
  return (
    <Table
      columns={[
        {
          title: 'Dataset',
          className: 'name',
          cell: (dataset) => <DatasetLink dataset={dataset} platform={dataset.platform} />,
        },
        described && {
          title: 'Description',
          className: 'muted small cut',
          maxWidth: 280,
          cell: (dataset) => (
            <span className="cut" title={firstLine(dataset.description)}>
              {firstLine(dataset.description)}
            </span>
          ),
        },
        {
          title: 'Written',
          className: 'nowrap',
          cell: (dataset) =>
            dataset.dropped_at ? (
              <Badge tone="non">dropped</Badge>
            ) : (
              <span className="row">
                <Time at={dataset.written_at} />
                <Presence stale={dataset.stale} />
              </span>
            ),
        },
        {
          title: 'Writer',
          maxWidth: 300,
          cell: (dataset) =>
            dataset.written_by ? (
              <span className="row">
                <StateBadge state={dataset.state} />
                <JobLink job={dataset.written_by} />
              </span>
            ) : (
              <span className="faint small">no known writer</span>
            ),
        },
        {
          title: 'Columns',
          right: true,
          className: 'num',
          cell: (dataset) => dataset.columns || <span className="faint">–</span>,
        },
        { title: 'Owner', cell: (dataset) => <Owners of={dataset.owners} /> },
        tagged && {
          title: 'Tags',
          cell: (dataset) => (
            <span className="row wrap" style={{ gap: 4 }}>
              <Personal of={dataset} />
              <Tags of={dataset.tags} />
            </span>
          ),
        },
        {
          title: 'Namespace',
          className: 'cut',
          maxWidth: 260,
          cell: (dataset) => (
            <button
              type="button"
              className="tag cut"
              style={{ background: 'none', cursor: 'pointer', maxWidth: '100%' }}
              onClick={() => onNamespace(dataset.namespace)}
              title={`Only ${dataset.namespace}`}
            >
              {dataset.namespace}
            </button>
          ),
        },
      ]}
      rows={datasets}
      rowKey={(dataset) => dataset.id}
    />
  )
}
