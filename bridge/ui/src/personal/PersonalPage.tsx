import { Download } from 'lucide-react'
import type { PersonalColumn, SuggestedColumn } from '../api/schema'
import { addressOf, useList } from '../api/client'
import { More } from '../parts/More'
import { DatasetLink, Owners, Tags } from '../parts/Names'
import { Answer, Empty, Panel } from '../parts/Panel'
import { Badge } from '../parts/State'
import { none, Table } from '../parts/Table'
import { useTrail } from '../shell/crumbs'
import { counted } from '../text/numbers'
import type { Tone } from '../text/state'
import { Confirm } from './Confirm'

const kinds: Record<PersonalColumn['kind'], [Tone, string]> = {
  tagged: ['run', 'Tagged'],
  reached: ['bad', 'Reached'],
  masked: ['ok', 'Masked'],
  unknown: ['non', 'Unknown'],
}

export default function PersonalData() {
  useTrail('Personal data')
  return (
    <div className="page-body">
      <div className="title">
        <h1>Personal data</h1>
        <div className="filters end">
          <a className="button" href={addressOf('personal-data.csv')} download>
            <Download size={13} aria-hidden />
            CSV
          </a>
        </div>
      </div>
      <Suggestions />
      <Known />
    </div>
  )
}

/** Columns whose names suggest personal data; nothing where there are none. */
function Suggestions() {
  const list = useList<SuggestedColumn>('personal-data/suggestions', { limit: 200 })
  const items = list.data?.pages.flatMap((page) => page.items) ?? []
  if (!items.length && !list.hasNextPage) return null
  return (
    <Panel title="Suggested by name" note={counted(items.length, 'column')} flush>
      <Table
        tall
        rows={items}
        rowKey={(one) => `${one.dataset.id} ${one.column}`}
        columns={[
          {
            title: 'Dataset',
            className: 'name',
            cell: (one) => <DatasetLink dataset={one.dataset} />,
          },
          { title: 'Column', className: 'mono', cell: (one) => one.column },
          { title: 'Type', className: 'muted small', cell: (one) => one.type ?? none },
          { title: 'Tag', cell: (one) => <span className="tag">{one.tag}</span> },
          { title: '', right: true, cell: (one) => <Confirm of={one} /> },
        ]}
      />
      <More of={list} />
    </Panel>
  )
}

function Known() {
  const list = useList<PersonalColumn>('personal-data', { limit: 100 })
  return (
    <Panel title="Where it is" note={counted(list.data?.pages[0]?.total ?? 0, 'column')} flush>
      <Answer of={list} rows={8}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items)
          if (!items.length) {
            return (
              <Empty title="No personal data known">
                Tag columns in their sources, declare classifications, or confirm suggestions.
              </Empty>
            )
          }
          return (
            <Table
              rows={items}
              rowKey={(one) => `${one.dataset.id} ${one.column}`}
              columns={[
                {
                  title: 'Dataset',
                  className: 'name',
                  cell: (one) => <DatasetLink dataset={one.dataset} />,
                },
                {
                  title: 'Column',
                  className: 'mono',
                  cell: (one) => (one.column === '*' ? 'whole dataset' : one.column),
                },
                {
                  title: 'Kind',
                  cell: (one) => <Badge tone={kinds[one.kind][0]}>{kinds[one.kind][1]}</Badge>,
                },
                {
                  title: 'May come from',
                  className: 'small',
                  cell: (one) => (one.source ? <DatasetLink dataset={one.source} /> : none),
                },
                { title: 'Tags', cell: (one) => <Tags of={one.tags} /> },
                { title: 'Owner', cell: (one) => <Owners of={one.owners} /> },
              ]}
            />
          )
        }}
      </Answer>
      <More of={list} />
    </Panel>
  )
}
