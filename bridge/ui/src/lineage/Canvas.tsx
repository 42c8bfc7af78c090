import { Crosshair, Maximize2 } from 'lucide-react'
import { type ComponentProps, type ReactNode, type Ref } from 'react'
import type { Graph } from '../api/schema'
import { count, counted } from '../text/numbers'
import { Board } from './Board'
import { Legend } from './Legend'
import { limits } from './search'
import { Find, Tool } from './Toolbar'

type BoardProps = ComponentProps<typeof Board>

interface Props extends Omit<BoardProps, 'wanted'> {
  status: ReactNode // the answer above the graph
  find: {
    field: Ref<HTMLInputElement>
    text: string
    hits: string[]
    onChange: (text: string) => void
  }
  limit: number
  notice: string | undefined
  problem: string | undefined
  onCloseProblem: () => void
  onLimit: (limit: number) => void
  onGo: (node: string) => void
  onAll: () => void
  onHome: () => void
  onHelp: () => void
}

/** The drawn graph with everything that floats above it. */
export function Canvas({ status, find, limit, notice, problem, ...props }: Props) {
  const { onCloseProblem, onLimit, onGo, onAll, onHome, onHelp, ...board } = props
  const { graph, lens, selected, trace } = board
  return (
    <>
      <div className="corner">
        <span className="muted small num" role="status">
          {sizeOf(graph)}
        </span>
        {graph.truncated > 0 && <More limit={limit} onChange={onLimit} />}
        <Find
          field={find.field}
          value={find.text}
          hits={find.hits}
          at={selected}
          onChange={find.onChange}
          onJump={onGo}
        />
      </div>
      {status}
      {notice && (
        <div className="trouble" role="status">
          {notice}
        </div>
      )}
      {problem && (
        <div className="trouble" role="alert">
          {problem}
          <button type="button" className="button" onClick={onCloseProblem}>
            Close
          </button>
        </div>
      )}
      <Legend lens={lens} graph={graph} />
      <Board {...board} wanted={find.text.trim() ? find.hits : null} />
      <div className="tools">
        <Tool label="Show all (f)" onClick={onAll} Icon={Maximize2} />
        <Tool label="Back to the focus" onClick={onHome} Icon={Crosshair} />
        <button type="button" className="keys" onClick={onHelp}>
          <kbd>e</kbd> expand <kbd>c</kbd> collapse{' '}
          {trace && (
            <>
              <kbd>b</kbd> root cause{' '}
            </>
          )}
          <kbd>?</kbd> all keys
        </button>
      </div>
    </>
  )
}

const sizeOf = ({ cards, folded, truncated }: Graph) =>
  [
    `${count(cards.length)} cards`,
    folded ? `${counted(folded, 'job')} on the edges` : '',
    truncated ? `${count(truncated)} beyond the limit` : '',
  ]
    .filter(Boolean)
    .join(', ')

/** Load more cards than the current limit. */
function More({ limit, onChange }: { limit: number; onChange: (limit: number) => void }) {
  const next = limits.find((one) => one > limit)
  if (!next) return null
  return (
    <button type="button" className="button" onClick={() => onChange(next)}>
      Show {count(next)}
    </button>
  )
}
