import { useEffect, useMemo, useRef } from 'react'
import { PersonalColumn, platformOf, Tile } from '../parts/Names'
import { isMasked, transformationWords } from '../parts/Transformations'
import { fitted, shortName } from '../text/names'
import {
  type ColumnDrawing,
  columnName,
  columnPath,
  HEAD,
  ROW,
  type Row,
  type Sheet,
  WHOLE,
  WIDTH,
} from './columns'

interface Props {
  drawing: ColumnDrawing
  start: string | undefined
  chosen: string | undefined
  focus: string
  onChoose: (row: Row | undefined) => void
}

/** Datasets side by side, with lines from column to column. */
export function ColumnSheets({ drawing, start, chosen, focus, onChoose }: Props) {
  const lit = useMemo(() => columnPath(drawing, chosen), [drawing, chosen])
  const isLit = (line: ColumnDrawing['lines'][number]) =>
    lit !== null && lit.has(line.source) && lit.has(line.target)
  const lines = drawing.lines.toSorted((a, b) => Number(isLit(a)) - Number(isLit(b)))
  const box = useRef<HTMLDivElement>(null)
  // Centre the start of the drawing where it does not fit.
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
  const { name, namespace, kind } = sheet.about
  if (kind === 'restricted')
    return (
      <section
        className="card sheet"
        data-restricted
        style={{ left: sheet.x, top: sheet.y, width: WIDTH, height: sheet.h }}
        aria-label="Restricted"
        title="Columns go on here in namespaces that you may not see"
      >
        <header style={{ height: HEAD - 4 }}>
          <span className="nm muted">Restricted</span>
        </header>
      </section>
    )
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
        const transformations = drawing.lines
          .filter((line) => line.target === row.key)
          .flatMap((line) => line.edge.transformations)
        const words = transformationWords(transformations)
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
            <PersonalColumn kind={row.about?.personal_kind} />
            <span className="end small cut">
              {isMasked(transformations)
                ? 'masked'
                : (words.find((word) => word !== 'identity' && word !== 'direct') ?? '')}
            </span>
          </button>
        )
      })}
    </section>
  )
}
