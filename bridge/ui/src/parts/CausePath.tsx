import { ArrowRight } from 'lucide-react'
import { isDataset, shortName } from '../text/names'
import { counted } from '../text/numbers'
import { toneOf } from '../text/state'
import { NodeLink, nodeLabel } from './NodeLink'

export interface PathStep {
  node: string
  label?: string
  state?: string | null
}

const MOST = 6

const labelOf = ({ node, label }: PathStep) =>
  label === undefined ? nodeLabel(node) : isDataset(node) ? shortName(label) : label

/** The path from a root cause down to what it affects, each step a link; a long one is shortened. */
export function CausePath({ steps }: { steps: PathStep[] }) {
  const shown = steps.length > MOST ? [...steps.slice(0, 2), null, ...steps.slice(-3)] : [...steps]
  return (
    <ol className="cause-path" aria-label="Path from the root cause">
      {shown.map((step, at) => (
        <li key={step?.node ?? 'gap'} className="row" style={{ gap: 5 }}>
          {at > 0 && <ArrowRight size={12} color="var(--faint)" aria-hidden />}
          {step ? (
            <span className="badge" data-tone={toneOf(step.state ?? null)}>
              <NodeLink node={step.node} label={labelOf(step)} />
            </span>
          ) : (
            <span className="muted small">{counted(steps.length - MOST + 1, 'more step')}</span>
          )}
        </li>
      ))}
    </ol>
  )
}
