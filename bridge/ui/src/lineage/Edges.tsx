import { ViewportPortal } from '@xyflow/react'
import { memo, useMemo } from 'react'
import type { Route } from '../api/schema'
import { fitted } from '../text/names'
import { toneOf } from '../text/state'
import { lineOf, middleOf, type PathNode } from './graph'
import { useView } from './visible'

interface Props {
  edges: Route[]
  lit: Set<string> | null // cards on the path of the selected one; null when none is selected
  traced: Set<string> // edges of the path from the root cause, as "source target"
  failures: PathNode | null // the root cause, where it failed more than once in a row
  personal: boolean // whether edges that carry personal data are highlighted
}

/** With more edges in view, their labels would overlap. */
const MOST_LABELS = 120

/** All edges in view in one SVG, which is faster than one React component for each edge. */
export const Edges = memo(({ edges, lit, traced, failures, personal }: Props) => {
  const drawn = useMemo(
    () =>
      edges
        .filter((edge) => edge.points.length > 1)
        .map((edge) => {
          const xs = edge.points.map(([x]) => x)
          const ys = edge.points.map(([, y]) => y)
          return {
            edge,
            line: lineOf(edge.points),
            box: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)] as const,
          }
        }),
    [edges],
  )
  const [left, top, right, bottom] = useView()
  const kind = (edge: Route) => {
    if (personal && edge.personal) return 'personal'
    if (!personal && traced.has(`${edge.source} ${edge.target}`)) return 'cause'
    return lit?.has(edge.source) && lit.has(edge.target) ? 'lit' : 'plain'
  }
  const color = {
    cause: 'var(--bad)',
    personal: 'var(--blk)',
    lit: 'var(--accent)',
    plain: 'var(--edge)',
  }
  const width = { cause: 2.4, personal: 2.2, lit: 2, plain: 1.5 }
  const order = { plain: 0, lit: 1, personal: 2, cause: 3 }
  const inView = drawn
    .filter(({ box }) => box[2] >= left && box[0] <= right && box[3] >= top && box[1] <= bottom)
    .map((item) => ({ ...item, kind: kind(item.edge) }) as const)
    .sort((a, b) => order[a.kind] - order[b.kind])
  return (
    <ViewportPortal>
      <svg
        className="edges"
        width={1}
        height={1}
        style={{
          position: 'absolute',
          left: 0,
          top: 0,
          overflow: 'visible',
          pointerEvents: 'none',
        }}
        aria-hidden
      >
        <defs>
          {(['plain', 'lit', 'personal', 'cause'] as const).map((name) => (
            <marker
              key={name}
              id={`arrow-${name}`}
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth={name === 'plain' ? 7 : 5}
              markerHeight={name === 'plain' ? 7 : 5}
              orient="auto"
            >
              <path d="M1 1 7 4 1 7z" fill={color[name]} />
            </marker>
          ))}
        </defs>
        {inView.map(({ edge, line, kind }) => (
          <g
            key={`${edge.source} ${edge.target} ${edge.kind}`}
            data-edge={`${edge.source} ${edge.target}`}
            opacity={lit && kind === 'plain' ? 0.35 : 1}
          >
            {kind === 'cause' && (
              <path
                d={line}
                fill="none"
                stroke={color.cause}
                strokeWidth={8}
                opacity={0.12}
                strokeLinecap="round"
              />
            )}
            <path
              d={line}
              fill="none"
              stroke={color[kind]}
              strokeWidth={width[kind]}
              strokeDasharray={
                edge.kind === 'control' ? '2 4' : edge.known === 'declared' ? '7 4' : undefined
              }
              markerEnd={`url(#arrow-${kind})`}
            />
          </g>
        ))}
        {inView.length <= MOST_LABELS &&
          inView.map(
            ({ edge }) =>
              edge.jobs.length > 0 && <Jobs key={`${edge.source} ${edge.target}`} edge={edge} />,
          )}
        {failures &&
          inView
            .filter(({ edge, kind }) => kind === 'cause' && edge.source === failures.node)
            .map(({ edge }) => (
              <Label
                key={edge.target}
                at={middleOf(edge.points)}
                text={`×${failures.failures}`}
                bad
              />
            ))}
      </svg>
    </ViewportPortal>
  )
})

/** The label of an edge between datasets: its job, or the number of jobs. */
function Jobs({ edge }: { edge: Route }) {
  const [first] = edge.jobs
  const failed = edge.jobs.find((job) => toneOf(job.state) === 'bad')
  const text = fitted(
    edge.jobs.length === 1 && first ? first.label : `${edge.jobs.length} jobs`,
    18,
  )
  return <Label at={middleOf(edge.points)} text={text} bad={failed !== undefined} />
}

function Label({ at: [x, y], text, bad }: { at: [number, number]; text: string; bad: boolean }) {
  const width = 14 + 6.1 * text.length
  return (
    <g transform={`translate(${x} ${y})`}>
      <rect
        x={-width / 2}
        y={-9}
        width={width}
        height={18}
        rx={9}
        fill="var(--raised)"
        stroke={bad ? 'var(--bad)' : 'var(--line2)'}
      />
      <text
        y={3.5}
        textAnchor="middle"
        fontSize={10}
        fontWeight={bad ? 600 : 450}
        fill={bad ? 'var(--bad-text)' : 'var(--muted)'}
        style={{ fontFamily: 'var(--mono)' }}
      >
        {text}
      </text>
    </g>
  )
}
