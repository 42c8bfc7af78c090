import { Crosshair } from 'lucide-react'
import { CloseButton } from '../parts/CloseButton'
import type { ColumnEdge } from '../api/schema'
import { DatasetLink, JobLink, Tags } from '../parts/Names'
import { Transformations } from '../parts/Transformations'
import { shortName } from '../text/names'
import { counted } from '../text/numbers'
import { type ColumnDrawing, columnName, type Row } from './columns'
import { Restricted } from './Restricted'

interface Props {
  drawing: ColumnDrawing
  row: Row
  isStart: boolean
  onChoose: (row: Row | undefined) => void
  onFollow: (row: Row) => void
}

/** The selected column: what it comes from, and what is computed from it. */
export function ColumnDetails({ drawing, row, isStart, onChoose, onFollow }: Props) {
  const about = drawing.sheets.find((sheet) => sheet.node === row.node)?.about
  const into = drawing.lines.filter((line) => line.target === row.key)
  const from = drawing.lines.filter((line) => line.source === row.key)
  if (about?.kind === 'restricted')
    return <Restricted what="Columns go" onClose={() => onChoose(undefined)} />
  return (
    <aside className="inspector" aria-label="Details of the column">
      <header>
        <div className="row">
          <span className="muted small cut">
            column of {about ? shortName(about.name) : row.node}
          </span>
          <CloseButton label="Close details" onClose={() => onChoose(undefined)} />
        </div>
        <h2>{columnName(row.column)}</h2>
        {row.about && row.about.tags.length > 0 && <Tags of={row.about.tags} />}
        {about && <DatasetLink dataset={about} />}
        {!isStart && (
          <div className="row wrap">
            <button type="button" className="button" onClick={() => onFollow(row)}>
              <Crosshair size={14} aria-hidden />
              Start here
            </button>
          </div>
        )}
      </header>
      <Ends
        title="Comes from"
        none="None in this graph."
        drawing={drawing}
        of={into.map((line) => ({ edge: line.edge, key: line.source }))}
        onChoose={onChoose}
      />
      <Ends
        title="Goes to"
        none="None in this graph."
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
        const texts = [
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
                disabled={sheet.about.kind === 'restricted'}
                title={`${sheet.about.namespace}\n${sheet.about.name}`}
                onClick={() => onChoose(row)}
              >
                {sheet.about.kind === 'restricted'
                  ? 'Restricted'
                  : `${shortName(sheet.about.name)} · ${columnName(row.column)}`}
              </button>
              <Transformations of={edge.transformations} />
            </div>
            {texts.map((text) => (
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
