import { Link } from '@tanstack/react-router'
import type { Column } from '../../api/schema'
import { Markdown } from '../../parts/Markdown'
import { DatasetLink, KnownBy, Tags } from '../../parts/Names'
import { Nothing } from '../../parts/Panel'
import { Ways } from '../../parts/Ways'

/** The columns of a dataset and what each comes from. */
export function Columns({ node, columns }: { node: string; columns: Column[] }) {
  if (!columns.length)
    return (
      <Nothing title="Its columns are not known">No event has told a schema for it yet.</Nothing>
    )
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th>Column</th>
            <th>Type</th>
            <th>Comes from</th>
            <th>Description</th>
          </tr>
        </thead>
        <tbody>
          {columns.map((column) => (
            <tr key={column.name}>
              <td className="mono">
                <span className="row">
                  <Link
                    to="/lineage"
                    search={{ focus: node, view: 'columns', column: column.name }}
                    className="link"
                    style={{ paddingLeft: 14 * (column.name.split('.').length - 1) }}
                    title="Where it comes from and where it goes"
                  >
                    {column.name}
                  </Link>
                  <Tags of={column.tags} />
                  <KnownBy column={column} />
                </span>
              </td>
              <td className="mono small muted">{column.type ?? '–'}</td>
              <td className="small">
                {column.origins.length ? (
                  column.origins.map((origin) => (
                    <div key={`${origin.dataset.id} ${origin.column}`} className="row">
                      <DatasetLink dataset={origin.dataset} />
                      <span className="mono">{origin.column}</span>
                      <Ways of={origin.transformations} />
                    </div>
                  ))
                ) : (
                  <span className="faint">–</span>
                )}
              </td>
              <td className="muted">
                {column.description && <Markdown text={column.description} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
