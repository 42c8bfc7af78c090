import { getRouteApi } from '@tanstack/react-router'
import type { ContractItem, ContractTable } from '../api/schema'
import { useList } from '../api/client'
import { Choice } from '../parts/Filter'
import { More } from '../parts/More'
import { DatasetLink } from '../parts/Names'
import { Answer, Empty, Panel } from '../parts/Panel'
import { Table } from '../parts/Table'
import { useTrail } from '../shell/crumbs'
import { count } from '../text/numbers'
import { nameOf } from './ContractPanel'
import { aspects, OutcomeBadge, outcomes, Reason } from './outcomes'

const route = getRouteApi('/contracts')

export default function Contracts() {
  useTrail('Contracts')
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const list = useList<ContractItem>('contracts', { verdict: search.verdict, limit: 50 })
  const total = list.data?.pages[0]?.total
  return (
    <div className="page-body">
      <div className="title">
        <h1>Data contracts</h1>
        {total !== undefined && total !== null && <span className="muted num">{count(total)}</span>}
        <div className="filters end">
          <Choice
            label="Any verdict"
            options={Object.entries(outcomes).map(([name, [, word]]) => [name, word])}
            value={search.verdict}
            onChange={(verdict) => void navigate({ search: { verdict }, replace: true })}
          />
        </div>
      </div>
      <Answer of={list} rows={8}>
        {({ pages }) => {
          const contracts = pages.flatMap((page) => page.items)
          if (contracts.length) return contracts.map((one) => <Contract key={one.id} of={one} />)
          return (
            <div className="panel">
              {search.verdict ? (
                <Empty title="No contracts match">Change the filter to see more.</Empty>
              ) : (
                <Empty title="No data contracts yet">
                  Declare contracts of the Open Data Contract Standard with fairlead-bridge declare.
                </Empty>
              )}
            </div>
          )
        }}
      </Answer>
      <More of={list} />
    </div>
  )
}

function Contract({ of }: { of: ContractItem }) {
  return (
    <Panel
      title={nameOf(of)}
      note={
        <span className="row" style={{ gap: 8 }}>
          {of.owners.length > 0 && <span className="small muted">{of.owners.join(', ')}</span>}
          <OutcomeBadge verdict={of.verdict} />
        </span>
      }
      flush
    >
      <Table
        rows={of.tables}
        rowKey={(table) => table.dataset.id}
        columns={[
          {
            title: 'Dataset',
            className: 'name',
            cell: (table: ContractTable) => <DatasetLink dataset={table.dataset} />,
          },
          ...aspects.map((aspect) => ({
            title: aspect.charAt(0).toUpperCase() + aspect.slice(1),
            maxWidth: 300,
            cell: (table: ContractTable) => <Reason of={table.verdicts[aspect]} />,
          })),
        ]}
      />
    </Panel>
  )
}
