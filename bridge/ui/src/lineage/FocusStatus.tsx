import {
  ArrowRight,
  Ban,
  CircleCheck,
  CircleDashed,
  CircleX,
  Clock,
  LoaderCircle,
  type LucideIcon,
  Zap,
} from 'lucide-react'
import type { ReactNode } from 'react'
import type { Card, Graph, Group, Outlook } from '../api/schema'
import { sources, standings } from '../outlook/words'
import { Time } from '../parts/Now'
import { counted } from '../text/numbers'
import { type Tone, toneOf, wordOf } from '../text/state'
import { labelOf, type PathNode, type Trace } from './graph'

interface Props {
  graph: Graph
  outlook: Outlook | undefined // not asked yet
  trace: Trace | null
  onSelect: (node: string) => void
}

/** The standing of the focus, its expectation and its root cause, above the graph. */
export function FocusStatus({ graph, outlook, trace, onSelect }: Props) {
  const cards = new Map(graph.cards.map((card) => [card.node, card]))
  const focus = cards.get(graph.focus)
  const dag = graph.groups.find((group) => group.id === graph.focus)
  if (!outlook || (!focus && !dag)) return null
  const name = focus ? labelOf(focus) : (dag?.label ?? '')
  const late = outlook.late_since
  if (trace || late) {
    return (
      <Sign
        tone={trace?.kind === 'failed_run' ? 'bad' : 'warn'}
        Icon={trace ? Zap : Clock}
        title={trace ? headline(name, trace, late !== null, !focus) : `${name} is late`}
      >
        <p>
          {late && (
            <>
              Late since <Time at={late} as="clock" />.{' '}
            </>
          )}
          {trace ? <Evidence trace={trace} /> : 'No cause found upstream.'} <Eta of={outlook} />
        </p>
        {trace && trace.path.length > 1 && (
          <Steps trace={trace} cards={cards} onSelect={onSelect} />
        )}
      </Sign>
    )
  }
  const running = toneOf(focus?.state ?? dag?.state ?? null) === 'run' && focus?.kind !== 'dataset'
  const tone = running ? 'run' : standings[outlook.standing][0]
  return (
    <Sign tone={tone} Icon={icons[tone]} title={<Standing focus={focus} dag={dag} name={name} />}>
      <p>
        <Expectation of={outlook} /> <Eta of={outlook} />
      </p>
    </Sign>
  )
}

const icons: Record<Tone, LucideIcon> = {
  ok: CircleCheck,
  run: LoaderCircle,
  bad: CircleX,
  warn: Clock,
  blk: Ban,
  non: CircleDashed,
}

interface SignProps {
  tone: Tone
  Icon: LucideIcon
  title: ReactNode
  children: ReactNode
}

function Sign({ tone, Icon, title, children }: SignProps) {
  return (
    <div className="focus-status" role="region" aria-label="Status of the focus">
      <div className="sign" data-tone={tone === 'bad' ? undefined : tone}>
        <Icon size={18} aria-hidden />
      </div>
      <h2>{title}</h2>
      {children}
    </div>
  )
}

function Expectation({ of: { expectation, standing } }: { of: Outlook }) {
  const word = standings[standing][1]
  if (!expectation) return <>{word}: no expectation.</>
  return (
    <>
      {word}: {expectation.text} ({sources[expectation.source]}). Expected by{' '}
      <Time at={expectation.expected_by} as="clock" />.
    </>
  )
}

function Eta({ of: { eta } }: { of: Outlook }) {
  if (!eta) return null
  return (
    <>
      ETA <Time at={eta.p50} as="clock" /> (80%: <Time at={eta.low} as="clock" /> –{' '}
      <Time at={eta.high} as="clock" />
      ).
    </>
  )
}

/** What is wrong and its root cause, in a sentence. */
function headline(
  name: string,
  { kind, root, path, text }: Trace,
  late: boolean,
  isDag: boolean,
): string {
  if (kind !== 'failed_run') return `${name} is ${late ? 'late' : 'at risk'}: ${text}`
  const hops = path.length - 1
  if (hops === 0) return isDag ? `${root.label} failed in ${name}` : `${name} failed`
  return `${root.label} failed, ${counted(hops, 'hop')} upstream of ${name}`
}

/** When the root cause occurred, how often, its error, and other failures. */
function Evidence({ trace: { root, others } }: { trace: Trace }) {
  return (
    <>
      <Time at={root.ended_at} />
      {root.failures > 1 ? `, ${root.failures} times in a row` : ''}
      {root.error ? (
        <>
          : <b className="mono">{root.error.split('\n')[0]?.slice(0, 180)}</b>
        </>
      ) : null}
      {others > 0 ? ` ${counted(others, 'other job')} failed too.` : ''}
    </>
  )
}

/** The path from the root cause down to the focus. */
function Steps({
  trace: { path },
  cards,
  onSelect,
}: {
  trace: Trace
  cards: Map<string, Card>
  onSelect: (node: string) => void
}) {
  const shown = (step: PathNode) =>
    path.slice(path.indexOf(step)).find((one) => cards.has(one.node))?.node
  return (
    <div className="row wrap" style={{ gap: 5, marginTop: 7 }}>
      {(path.length > 5 ? [...path.slice(0, 2), null, ...path.slice(-2)] : path).map((step, at) => (
        <span key={step?.node ?? 'gap'} className="row" style={{ gap: 5 }}>
          {at > 0 && <ArrowRight size={12} color="var(--faint)" aria-hidden />}
          {step ? (
            <button
              type="button"
              className="badge mono"
              data-tone={toneOf(step.state)}
              style={{ border: 0, cursor: 'pointer' }}
              onClick={() => onSelect(shown(step) ?? step.node)}
            >
              {step.label}
            </button>
          ) : (
            <span className="muted small">{counted(path.length - 4, 'step')}</span>
          )}
        </span>
      ))}
    </div>
  )
}

function Standing({
  focus,
  dag,
  name,
}: {
  focus: Card | undefined
  dag: Group | undefined
  name: string
}) {
  if (focus?.kind === 'dataset')
    return focus.written_at ? (
      <>
        {name} was written <Time at={focus.written_at} />
      </>
    ) : (
      <>{name} has no known write</>
    )
  const state = focus?.state ?? dag?.state ?? null
  const at = focus?.last_run?.ended_at ?? focus?.last_run?.started_at
  if (!state) return <>{name} has not run yet</>
  return (
    <>
      {name}: last run {wordOf(state).toLowerCase()} {at && <Time at={at} />}
    </>
  )
}
