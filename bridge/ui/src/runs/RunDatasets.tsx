import type { RunDataset } from '../api/schema'
import { DatasetLink, LineageLink } from '../parts/Names'
import { Panel } from '../parts/Panel'
import { Table } from '../parts/Table'
import { bytes, count } from '../text/numbers'

/** What a run read and wrote. */
export function RunDatasets({ datasets }: { datasets: RunDataset[] }) {
  return (
    <Panel title="Inputs and outputs" flush>
      <Table
        columns={[
          {
            title: 'Dataset',
            className: 'name',
            cell: (item) => <DatasetLink dataset={item.dataset} />,
          },
          { title: 'Role', cell: (item) => (item.role === 'input' ? 'read' : 'written') },
          {
            title: 'Rows',
            right: true,
            className: 'num',
            cell: (item) =>
              item.row_count === null ? <span className="faint">–</span> : count(item.row_count),
          },
          {
            title: 'Size',
            right: true,
            className: 'num',
            cell: (item) =>
              item.byte_count === null ? <span className="faint">–</span> : bytes(item.byte_count),
          },
          {
            title: 'Files',
            right: true,
            className: 'num',
            cell: (item) =>
              item.file_count === null ? <span className="faint">–</span> : count(item.file_count),
          },
          { title: '', right: true, cell: (item) => <LineageLink node={item.dataset.node} /> },
        ]}
        rows={[...datasets].sort((a, b) => a.role.localeCompare(b.role))}
        rowKey={(item) => `${item.role} ${item.dataset.id}`}
      />
    </Panel>
  )
}
