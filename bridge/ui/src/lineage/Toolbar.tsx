import { Tooltip } from '@mantine/core'
import { Columns3, Database, type LucideIcon, Minus, Network, Plus } from 'lucide-react'
import { type ReactNode, type Ref } from 'react'
import { DEEPEST, type View } from './search'

const choices: { view: View | undefined; text: string; Icon: LucideIcon }[] = [
  { view: undefined, text: 'Graph', Icon: Network },
  { view: 'data', text: 'Datasets', Icon: Database },
  { view: 'columns', text: 'Columns', Icon: Columns3 },
]

/** What of the lineage is drawn: datasets and jobs, datasets alone, or the columns of a dataset. */
export function Views({
  view,
  ofDataset,
  onChange,
}: {
  view: View | undefined
  ofDataset: boolean
  onChange: (view: View | undefined) => void
}) {
  return (
    <div className="segments" role="group" aria-label="View">
      {choices
        .filter((one) => ofDataset || one.view !== 'columns')
        .map(({ view: one, text, Icon }) => (
          <button
            key={text}
            type="button"
            aria-pressed={view === one}
            onClick={() => onChange(one)}
          >
            <Icon size={13} aria-hidden />
            {text}
          </button>
        ))}
    </div>
  )
}

interface FindProps {
  field: Ref<HTMLInputElement>
  value: string
  hits: string[]
  at: string | undefined
  onChange: (value: string) => void
  onJump: (node: string) => void
}

/** Looks for cards in the graph that is drawn: Enter jumps to the next, with shift to the one before. */
export function Find({ field, value, hits, at, onChange, onJump }: FindProps) {
  const here = at === undefined ? -1 : hits.indexOf(at)
  const jump = (by: 1 | -1) => {
    const next =
      hits[
        here < 0 && by < 0 ? hits.length - 1 : (here + by + hits.length) % Math.max(1, hits.length)
      ]
    if (next !== undefined) onJump(next)
  }
  return (
    <span className="row" style={{ gap: 6 }}>
      <input
        ref={field}
        type="search"
        className="field"
        style={{ width: 150, height: 30 }}
        placeholder="Find in the graph"
        aria-label="Find in the graph"
        aria-keyshortcuts="Control+F Meta+F"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') jump(event.shiftKey ? -1 : 1)
          if (event.key !== 'Escape') return
          onChange('')
          event.currentTarget.blur()
        }}
      />
      {value && (
        <span className="muted small num" role="status" aria-label="Found in the graph">
          {here < 0 ? hits.length : `${here + 1} of ${hits.length}`} found
        </span>
      )}
    </span>
  )
}

export function Stepper({
  label,
  value,
  onChange,
}: {
  label: string
  value: number
  onChange: (value: number) => void
}) {
  return (
    <span className="stepper" role="group" aria-label={`${label} levels`}>
      <span>
        {label} <b className="num">{value}</b>
      </span>
      <button
        type="button"
        aria-label={`Fewer ${label.toLowerCase()} levels`}
        disabled={value <= 0}
        onClick={() => onChange(value - 1)}
      >
        <Minus size={13} aria-hidden />
      </button>
      <button
        type="button"
        aria-label={`More ${label.toLowerCase()} levels`}
        disabled={value >= DEEPEST}
        onClick={() => onChange(value + 1)}
      >
        <Plus size={13} aria-hidden />
      </button>
    </span>
  )
}

export function Tool({
  label,
  onClick,
  Icon,
}: {
  label: string
  onClick: () => void
  Icon: LucideIcon
}): ReactNode {
  return (
    <Tooltip label={label}>
      <button type="button" className="icon-button" aria-label={label} onClick={onClick}>
        <Icon size={15} aria-hidden />
      </button>
    </Tooltip>
  )
}
