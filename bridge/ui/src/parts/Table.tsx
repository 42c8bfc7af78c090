import { Fragment, type ReactNode } from 'react'

export interface TableColumn<T> {
  title: ReactNode
  cell: (row: T) => ReactNode
  right?: boolean // numbers and times
  className?: string // of the cells
  maxWidth?: number // of the cells, in pixels
  width?: number // of the column, in pixels
}

interface Props<T> {
  columns: (TableColumn<T> | false | null | undefined | 0 | '')[] // falsy ones are left out
  rows: T[]
  rowKey: (row: T) => string | number
  current?: (row: T) => boolean // marks the row of what the page shows
  titleOf?: (row: T) => string | undefined // shown on hover
  detail?: (row: T) => ReactNode // a second row below, across all columns; null for none
  tall?: boolean // scrolls by itself when it is long
  headless?: boolean // the titles are for screen readers only
}

const classOf = (...names: (string | false | undefined)[]) =>
  names.filter(Boolean).join(' ') || undefined

/** A table that scrolls sideways where it does not fit. */
export function Table<T>({
  columns,
  rows,
  rowKey,
  current,
  titleOf,
  detail,
  tall,
  headless,
}: Props<T>) {
  const shown = columns.filter((column) => Boolean(column)) as TableColumn<T>[]
  return (
    <div className={classOf('scroll', tall && 'tall')}>
      <table>
        <thead className={headless ? 'hidden-text' : undefined}>
          <tr>
            {shown.map((column, at) => (
              <th
                key={at}
                className={classOf(column.right && 'right')}
                style={column.width ? { width: column.width } : undefined}
              >
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const more = detail?.(row)
            return (
              <Fragment key={rowKey(row)}>
                <tr aria-current={current?.(row) ? 'true' : undefined} title={titleOf?.(row)}>
                  {shown.map((column, at) => (
                    <td
                      key={at}
                      className={classOf(column.right && 'right', column.className)}
                      style={column.maxWidth ? { maxWidth: column.maxWidth } : undefined}
                    >
                      {column.cell(row)}
                    </td>
                  ))}
                </tr>
                {more ? (
                  <tr>
                    <td colSpan={shown.length}>{more}</td>
                  </tr>
                ) : null}
              </Fragment>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

/** What stands in a cell without a value. */
export const none = <span className="faint">–</span>
