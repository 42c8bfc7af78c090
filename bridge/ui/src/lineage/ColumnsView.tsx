import { getRouteApi, Link } from '@tanstack/react-router'
import { Crosshair, Fingerprint, History, X } from 'lucide-react'
import { useCallback, useEffect, useMemo, useRef } from 'react'
import type { ColumnEdge, ColumnLineage } from '../api/schema'
import { useApi } from '../api/client'
import { DatasetLink, JobLink, platformOf, Tags, Tile } from '../parts/Names'
import { Nothing, Problem } from '../parts/Panel'
import { isMasked, Ways, waysOf } from '../parts/Ways'
import { useTrail } from '../shell/crumbs'
import { typing } from '../shell/keys'
import { fitted, shortName } from '../text/names'
import { counted } from '../text/numbers'
import {
  arrangeColumns,
  type ColumnDrawing,
  columnPath,
  HEAD,
  keyOf,
  nextRow,
  ROW,
  type Row,
  type Sheet,
  WHOLE,
  WIDTH,
} from './columns'
import { DEEPEST, type LineageSearch, USUAL } from './search'
import { type Lane, Timeline } from './Timeline'
import { Stepper, Tool, Views } from './Toolbar'

const route = getRouteApi('/lineage')
const columnName = (column: string) => (column === WHOLE ? 'every column' : column)

/** Which columns come from which: datasets side by side, a line from column to column. */
export function ColumnsView({ focus }: { focus: string }) {
  const { up = USUAL.up, down = USUAL.down, column, sel, field, asOf, time } = route.useSearch()
  const navigate = route.useNavigate()
  const set = useCallback(
    (change: LineageSearch, replace = true) =>
      void navigate({ search: (before) => ({ ...before, ...change }), replace }),
    [navigate],
  )
  // One question for both ways, as far as the farther of them; what is too far is left out below.
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
  const lanes = useMemo(() => lanesOf(lineage?.edges ?? []), [lineage])
  const board = useRef<HTMLDivElement>(null)

  useEffect(() => {
    const step = (where: 'left' | 'right' | 'up' | 'down') => () => {
      const rows = drawing?.sheets.flatMap((sheet) => sheet.rows) ?? []
      const from = row?.key ?? start
      const key = from ? nextRow(drawing as ColumnDrawing, from, where) : rows[0]?.key
      const next = rows.find((one) => one.key === key)
      if (!next) return
      choose(next)
      board.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(next.key)}"]`)?.focus()
    }
    const keys: Record<string, () => void> = {
      u: () => set({ up: Math.min(DEEPEST, up + 1) }),
      U: () => set({ up: Math.max(0, up - 1) }),
      d: () => set({ down: Math.min(DEEPEST, down + 1) }),
      D: () => set({ down: Math.max(0, down - 1) }),
      e: () => row && follow(row),
      h: () => set({ time: time ? undefined : true, asOf: undefined }),
      y: () => void navigator.clipboard?.writeText(location.href),
      Escape: () => choose(undefined),
      ArrowLeft: step('left'),
      ArrowRight: step('right'),
      ArrowUp: step('up'),
      ArrowDown: step('down'),
    }
    const onKey = (event: KeyboardEvent) => {
      if (typing(event) || event.metaKey || event.ctrlKey || event.altKey) return
      const act = keys[event.key]
      if (!act || !drawing) return
      if (event.key.startsWith('Arrow')) event.preventDefault()
      act()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [drawing, row, start, up, down, time, set, choose, follow])

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
      </div>
      <div className="board" ref={board}>
        {answer.error && !drawing ? (
          <div className="page-body">
            <Problem error={answer.error} retry={() => void answer.refetch()} />
          </div>
        ) : !drawing || !about ? (
          <Nothing title="Drawing…" />
        ) : !drawing.lines.length ? (
          <Nothing
            title={
              column
                ? `Nothing is known about where ${column} comes from or goes`
                : `Nothing is known about where the columns of ${name} come from or go`
            }
          >
            {up + down
              ? 'No event has told a column lineage that touches it: Airflow tells it for SQL, Spark and dbt for most of theirs.'
              : 'There are no levels to show: ask for some upstream or downstream.'}
          </Nothing>
        ) : (
          <Drawn
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
          lanes={lanes}
          asOf={asOf}
          onChange={(moment) => set({ asOf: moment })}
          onClose={() => set({ time: undefined, asOf: undefined })}
        />
      )}
      {drawing && row && (
        <Details
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
function lanesOf(edges: ColumnEdge[]): Lane[] {
  const jobs = edges.flatMap(({ job }) =>
    job ? [{ id: job.id, node: job.node, label: job.name }] : [],
  )
  return [...new Map(jobs.map((job) => [job.id, job])).values()]
}

/** What is at most so many hops away. */
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

interface DrawnProps {
  drawing: ColumnDrawing
  start: string | undefined
  chosen: string | undefined
  focus: string
  onChoose: (row: Row | undefined) => void
}

function Drawn({ drawing, start, chosen, focus, onChoose }: DrawnProps) {
  const lit = useMemo(() => columnPath(drawing, chosen), [drawing, chosen])
  const isLit = (line: ColumnDrawing['lines'][number]) =>
    lit !== null && lit.has(line.source) && lit.has(line.target)
  const lines = drawing.lines.toSorted((a, b) => Number(isLit(a)) - Number(isLit(b)))
  const box = useRef<HTMLDivElement>(null)
  // Show the middle of the drawing's start, where it does not fit.
  useEffect(() => {
    const area = box.current
    const sheet = drawing.sheets.find((one) => one.node === focus)
    if (area && sheet)
      area.scrollTo(
        sheet.x - (area.clientWidth - WIDTH) / 2,
        sheet.y - (area.clientHeight - sheet.h) / 2,
      )
  }, [drawing, focus])
  return (
    <>
      <div
        ref={box}
        className="sheets"
        tabIndex={0}
        role="region"
        aria-label="Columns and what they come from"
      >
        <div
          style={{
            position: 'relative',
            width: drawing.width,
            height: drawing.height,
            margin: 'auto',
            flex: 'none',
          }}
        >
          <svg
            width={drawing.width}
            height={drawing.height}
            style={{ position: 'absolute', overflow: 'visible' }}
            aria-hidden
          >
            {lines.map((line) => (
              <path
                key={`${line.source} ${line.target} ${line.edge.job?.id ?? ''}`}
                data-line={isLit(line) ? 'lit' : 'plain'}
                d={line.path}
                fill="none"
                stroke={isLit(line) ? 'var(--accent)' : 'var(--edge)'}
                strokeWidth={isLit(line) ? 2.2 : 1.5}
                strokeDasharray={line.edge.masked ? '5 4' : undefined}
                opacity={lit && !isLit(line) ? 0.35 : 1}
              />
            ))}
          </svg>
          {drawing.sheets.map((sheet) => (
            <SheetCard
              key={sheet.node}
              sheet={sheet}
              drawing={drawing}
              lit={lit}
              start={start}
              chosen={chosen}
              isFocus={sheet.node === focus}
              onChoose={onChoose}
            />
          ))}
        </div>
      </div>
      <div className="legend" style={{ bottom: 12 }}>
        <span>
          <i className="dash" />
          the value, as it is or computed
        </span>
        <span>
          <i className="dash" data-masked />
          masked: the value itself does not come through
        </span>
      </div>
    </>
  )
}

interface SheetProps {
  sheet: Sheet
  drawing: ColumnDrawing
  lit: Set<string> | null
  start: string | undefined
  chosen: string | undefined
  isFocus: boolean
  onChoose: (row: Row | undefined) => void
}

function SheetCard({ sheet, drawing, lit, start, chosen, isFocus, onChoose }: SheetProps) {
  const { name, namespace } = sheet.about
  return (
    <section
      className="card sheet"
      data-focus={isFocus || undefined}
      style={{ left: sheet.x, top: sheet.y, width: WIDTH, height: sheet.h }}
      aria-label={`Dataset ${name}`}
    >
      <header style={{ height: HEAD - 4 }} title={`${namespace}\n${name}`}>
        <div className="row">
          <Tile platform={platformOf(namespace)} />
          <span className="nm">{fitted(shortName(name), 22)}</span>
        </div>
        <div className="sub">{namespace}</div>
      </header>
      {sheet.rows.map((row) => {
        const told = drawing.lines
          .filter((line) => line.target === row.key)
          .flatMap((line) => line.edge.transformations)
        const words = waysOf(told)
        return (
          <button
            key={row.key}
            type="button"
            data-row={row.key}
            data-start={row.key === start || undefined}
            data-dim={(lit !== null && !lit.has(row.key)) || undefined}
            aria-pressed={row.key === chosen}
            title={[
              row.column === WHOLE ? 'Every column, as by a filter or a join' : row.column,
              ...words,
            ].join('\n')}
            style={{ height: ROW }}
            onClick={() => onChoose(row.key === chosen ? undefined : row)}
          >
            <span
              className="mono cut"
              style={row.column === WHOLE ? { fontStyle: 'italic' } : undefined}
            >
              {columnName(row.column)}
            </span>
            <span className="hidden-text"> of {shortName(name)} </span>
            {row.about?.personal && (
              <Fingerprint
                size={12}
                color="var(--accent)"
                role="img"
                aria-label="personal data"
                style={{ flex: 'none' }}
              />
            )}
            <span className="end small cut">
              {isMasked(told)
                ? 'masked'
                : (words.find((word) => word !== 'identity' && word !== 'direct') ?? '')}
            </span>
          </button>
        )
      })}
    </section>
  )
}

interface DetailsProps {
  drawing: ColumnDrawing
  row: Row
  isStart: boolean
  onChoose: (row: Row | undefined) => void
  onFollow: (row: Row) => void
}

function Details({ drawing, row, isStart, onChoose, onFollow }: DetailsProps) {
  const about = drawing.sheets.find((sheet) => sheet.node === row.node)?.about
  const into = drawing.lines.filter((line) => line.target === row.key)
  const from = drawing.lines.filter((line) => line.source === row.key)
  return (
    <aside className="inspector" aria-label="Details of the chosen column">
      <header>
        <div className="row">
          <span className="muted small cut">
            column of {about ? shortName(about.name) : row.node}
          </span>
          <button
            type="button"
            className="icon-button end"
            aria-label="Close the details"
            onClick={() => onChoose(undefined)}
          >
            <X size={15} aria-hidden />
          </button>
        </div>
        <h2>{columnName(row.column)}</h2>
        {row.about && row.about.tags.length > 0 && <Tags of={row.about.tags} />}
        {about && <DatasetLink dataset={about} />}
        {!isStart && (
          <div className="row wrap">
            <button type="button" className="button" onClick={() => onFollow(row)}>
              <Crosshair size={14} aria-hidden />
              Begin here
            </button>
          </div>
        )}
      </header>
      <Ends
        title="Comes from"
        none="Nothing that is drawn here."
        drawing={drawing}
        of={into.map((line) => ({ edge: line.edge, key: line.source }))}
        onChoose={onChoose}
      />
      <Ends
        title="Goes to"
        none="Nothing that is drawn here."
        drawing={drawing}
        of={from.map((line) => ({ edge: line.edge, key: line.target }))}
        onChoose={onChoose}
      />
    </aside>
  )
}

function Ends({
  title,
  none,
  drawing,
  of,
  onChoose,
}: {
  title: string
  none: string
  drawing: ColumnDrawing
  of: { edge: ColumnEdge; key: string }[]
  onChoose: (row: Row) => void
}) {
  return (
    <section className="section">
      <h3>
        {title}
        <span className="end">{of.length ? counted(of.length, 'column') : ''}</span>
      </h3>
      {!of.length && <span className="muted small">{none}</span>}
      {of.map(({ edge, key }) => {
        const sheet = drawing.sheets.find((one) => one.rows.some((row) => row.key === key))
        const row = sheet?.rows.find((one) => one.key === key)
        if (!sheet || !row) return null
        const said = [
          ...new Set(
            edge.transformations
              .map((way) => way.description)
              .filter((text): text is string => typeof text === 'string' && text !== ''),
          ),
        ]
        return (
          <div
            key={`${key} ${edge.job?.id ?? ''}`}
            className="item"
            style={{ flexDirection: 'column', alignItems: 'stretch', gap: 3 }}
          >
            <div className="row wrap">
              <button
                type="button"
                className="plain mono small"
                title={`${sheet.about.namespace}\n${sheet.about.name}`}
                onClick={() => onChoose(row)}
              >
                {shortName(sheet.about.name)} · {columnName(row.column)}
              </button>
              <Ways of={edge.transformations} />
            </div>
            {said.map((text) => (
              <span key={text} className="muted small" style={{ overflowWrap: 'anywhere' }}>
                {text}
              </span>
            ))}
            {edge.job && <JobLink job={edge.job} />}
          </div>
        )
      })}
    </section>
  )
}
