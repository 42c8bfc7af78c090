import { Link } from '@tanstack/react-router'
import type { Column } from '../api/schema'
import { Markdown } from '../parts/Markdown'
import { DatasetLink, LineageOnly, PersonalColumn, Tags } from '../parts/Names'
import { Empty } from '../parts/Panel'
import { Transformations } from '../parts/Transformations'
import { Table } from '../parts/Table'

/** The columns of a dataset and what each comes from. */
export function Columns({ node, columns }: { node: string; columns: Column[] }) {
  if (!columns.length) return <Empty title="No columns">No event with a schema yet.</Empty>
  return (
    <Table
      columns={[
        {
          title: 'Column',
          className: 'mono',
          cell: (column) => (
            <span className="row">
              <Link
                to="/lineage"
                search={{ focus: node, view: 'columns', column: column.name }}
                className="link"
                style={{ paddingLeft: 14 * (column.name.split('.').length - 1) }}
                title="Column lineage"
              >
                {column.name}
              </Link>
              <PersonalColumn kind={column.personal_kind} />
              <Tags of={column.tags} />
              <LineageOnly column={column} />
            </span>
          ),
        },
        { title: 'Type', className: 'mono small muted', cell: (column) => column.type ?? '–' },
        {
          title: 'Comes from',
          className: 'small',
          cell: (column) =>
            column.origins.length ? (
              column.origins.map((origin) => (
                <div key={`${origin.dataset.id} ${origin.column}`} className="row">
                  <DatasetLink dataset={origin.dataset} />
                  <span className="mono">{origin.column}</span>
                  <Transformations of={origin.transformations} />
                </div>
              ))
            ) : (
              <span className="faint">–</span>
            ),
        },
        {
          title: 'Description',
          className: 'muted',
          cell: (column) => column.description && <Markdown text={column.description} />,
        },
      ]}
      rows={columns}
      rowKey={(column) => column.name}
    />
  )
}
