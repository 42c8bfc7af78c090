import { Link } from '@tanstack/react-router'
import { Download, History } from 'lucide-react'
import { useCallback, useMemo, useRef } from 'react'
import type { ColumnEdge, ColumnLineage } from '../api/schema'
import { useApi } from '../api/client'
import { saveCsv } from '../parts/csv'
import { Empty, Problem } from '../parts/Panel'
import { useTrail } from '../shell/crumbs'
import { useKeys } from '../shell/keys'
import { shortName } from '../text/names'
import { counted } from '../text/numbers'
import { ColumnDetails } from './ColumnDetails'
import { arrangeColumns, columnsCsvOf, keyOf, nextRow, type Row, WHOLE } from './columns'
import { ColumnSheets } from './ColumnSheets'
import type { Step } from './graph'
import { DEEPEST, USUAL } from './search'
import { type DagRow, Timeline } from './Timeline'
import { Stepper, Tool, Views } from './Toolbar'
import { useLineageSearch } from './useLineage'
import { copyAddress } from './useNotice'

/** Which columns come from which: datasets side by side, a line from column to column. */
export function ColumnsView({ focus }: { focus: string }) {
  const [search, set] = useLineageSearch()
  const { up = USUAL.up, down = USUAL.down, column, sel, field, asOf, time } = search
  // One request for both directions, as deep as the deeper one; what is too far is filtered below.
  const answer = useApi<ColumnLineage>(
    'lineage/columns',
    { dataset: focus, column: column ?? WHOLE, depth: Math.max(up, down), as_of: asOf },
    { keep: true },
  )
  const lineage = useMemo(
    () => answer.data && within(answer.data, up, down),
    [answer.data, up, down],
  )
  const drawing = useMemo(() => lineage && arrangeColumns(lineage), [lineage])
  const about = lineage?.nodes[0]
  const name = shortName(about?.name ?? focus.split(':').at(-1) ?? focus)
  useTrail(
    column ? `${name} · ${column}` : `Columns of ${name}`,
    <Link key="lineage" to="/lineage" search={{}} className="link">
      Lineage
    </Link>,
  )
  const start = about && column ? keyOf(about.node, column) : undefined
  const chosen = sel && field ? keyOf(sel, field) : undefined
  const row = useMemo(
    () => drawing?.sheets.flatMap((sheet) => sheet.rows).find((one) => one.key === chosen),
    [drawing, chosen],
  )
  const choose = useCallback(
    (next: Row | undefined) => set({ sel: next?.node, field: next?.column }),
    [set],
  )
  const follow = useCallback(
    (next: Row) =>
      set(
        {
          focus: next.node,
          column: next.column === WHOLE ? undefined : next.column,
          sel: next.node,
          field: next.column,
        },
        false,
      ),
    [set],
  )
  const dags = useMemo(() => dagRowsOf(lineage?.edges ?? []), [lineage])
  const board = useRef<HTMLDivElement>(null)

  const step = (where: Step) => {
    if (!drawing) return
    const rows = drawing.sheets.flatMap((sheet) => sheet.rows)
    const from = row?.key ?? start
    const key = from ? nextRow(drawing, from, where) : rows[0]?.key
    const next = rows.find((one) => one.key === key)
    if (!next) return
    choose(next)
    board.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(next.key)}"]`)?.focus()
  }
  useKeys({
    u: () => set({ up: Math.min(DEEPEST, up + 1) }),
    U: () => set({ up: Math.max(0, up - 1) }),
    d: () => set({ down: Math.min(DEEPEST, down + 1) }),
    D: () => set({ down: Math.max(0, down - 1) }),
    e: () => row && row.about?.kind !== 'restricted' && follow(row),
    h: () => set({ time: time ? undefined : true, asOf: undefined }),
    y: () => void copyAddress(),
    Escape: () => choose(undefined),
    ArrowLeft: () => step('left'),
    ArrowRight: () => step('right'),
    ArrowUp: () => step('up'),
    ArrowDown: () => step('down'),
  })

  return (
    <div className="lineage">
      <h1 className="hidden-text">
        {column ? `Column ${column} of ${name}` : `Columns of ${name}`}
      </h1>
      <div className="bar">
        <Views
          view="columns"
          ofDataset
          onChange={(view) => set({ view, column: undefined, field: undefined }, false)}
        />
        <Stepper label="Upstream" value={up} onChange={(next) => set({ up: next })} />
        <Stepper label="Downstream" value={down} onChange={(next) => set({ down: next })} />
        {column && (
          <button
            type="button"
            className="button"
            onClick={() => set({ column: undefined, sel: undefined, field: undefined }, false)}
          >
            All columns of {name}
          </button>
        )}
        <span className="end muted small num" role="status">
          {drawing
            ? `${counted(
                drawing.sheets.reduce((sum, sheet) => sum + sheet.rows.length, 0),
                'column',
              )} of ${counted(drawing.sheets.length, 'dataset')}${lineage?.truncated ? `, ${lineage.truncated} beyond the limit` : ''}`
            : ''}
        </span>
        <Tool
          label={time ? 'Close time travel' : 'Time travel (h)'}
          onClick={() => set({ time: time ? undefined : true, asOf: undefined })}
          Icon={History}
        />
        {lineage && lineage.edges.length > 0 && (
          <Tool
            label="Column lineage (CSV)"
            onClick={() => saveCsv(columnsCsvOf(lineage), `columns-${name}.csv`)}
            Icon={Download}
          />
        )}
      </div>
      <div className="board" ref={board}>
        {answer.error && !drawing ? (
          <div className="page-body">
            <Problem error={answer.error} retry={() => void answer.refetch()} />
          </div>
        ) : !drawing || !about ? (
          <Empty title="Loading the graph…" />
        ) : !drawing.lines.length ? (
          <Empty
            title={column ? `No column lineage for ${column}` : `No column lineage for ${name}`}
          >
            {up + down
              ? 'No event with column lineage names it yet. Airflow sends it for SQL, Spark and dbt for most models.'
              : 'No levels selected: add some upstream or downstream.'}
          </Empty>
        ) : (
          <ColumnSheets
            drawing={drawing}
            start={start}
            chosen={row?.key}
            focus={about.node}
            onChoose={choose}
          />
        )}
      </div>
      {time && (
        <Timeline
          dags={dags}
          asOf={asOf}
          onChange={(moment) => set({ asOf: moment })}
          onClose={() => set({ time: undefined, asOf: undefined })}
        />
      )}
      {drawing && row && (
        <ColumnDetails
          drawing={drawing}
          row={row}
          isStart={row.key === start}
          onChoose={choose}
          onFollow={follow}
        />
      )}
    </div>
  )
}

/** The jobs that compute the columns. */
function dagRowsOf(edges: ColumnEdge[]): DagRow[] {
  const jobs = edges.flatMap(({ job }) =>
    job ? [{ id: job.id, node: job.node, label: job.name }] : [],
  )
  return [...new Map(jobs.map((job) => [job.id, job])).values()]
}

/** The columns at most `depth` hops away. */
function within(lineage: ColumnLineage, up: number, down: number): ColumnLineage {
  const far = new Set(
    lineage.nodes
      .filter((node) => node.depth < -up || node.depth > down)
      .map((node) => keyOf(node.node, node.column)),
  )
  return {
    ...lineage,
    nodes: lineage.nodes.filter((node) => !far.has(keyOf(node.node, node.column))),
    edges: lineage.edges.filter(
      (edge) =>
        !far.has(keyOf(edge.source, edge.source_column)) &&
        !far.has(keyOf(edge.target, edge.target_column)),
    ),
  }
}
