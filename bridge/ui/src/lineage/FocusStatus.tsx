import {
  ArrowRight,
  Ban,
  CircleCheck,
  CircleDashed,
  Clock,
  Fingerprint,
  LoaderCircle,
  ShieldAlert,
  ShieldCheck,
  Zap,
} from 'lucide-react'
import type { Card, Graph, Group, RootCauseAnswer } from '../api/schema'
import { Time } from '../parts/Now'
import { counted } from '../text/numbers'
import { toneOf, wordOf } from '../text/state'
import {
  focusOf,
  jobsUpstream,
  labelOf,
  type Neighbours,
  type PathNode,
  type Trace,
  upstreamOf,
} from './graph'

/** The status of the focus and its root cause, above the graph. */
export function FocusStatus({
  graph,
  neighbours,
  standing,
  trace,
  onSelect,
}: {
  graph: Graph
  neighbours: Neighbours
  standing: RootCauseAnswer | undefined
  trace: Trace | null
  onSelect: (node: string) => void
}) {
  const cards = new Map(graph.cards.map((card) => [card.node, card]))
  const focus = cards.get(graph.focus)
  const dag = graph.groups.find((group) => group.id === graph.focus)
  if (!focus && !dag) return null
  const name = focus ? labelOf(focus) : (dag?.label ?? '')
  const late = standing?.late_since ?? null
  if (trace || late) {
    return (
      <div className="focus-status" role="region" aria-label="Status of the focus">
        <div className="sign" data-tone={trace?.kind === 'failed_run' ? undefined : 'warn'}>
          {trace ? <Zap size={18} aria-hidden /> : <Clock size={18} aria-hidden />}
        </div>
        <h2>
          {trace ? headline(name, trace, late !== null, focus === undefined) : `${name} is late`}
        </h2>
        <p>
          {late && (
            <>
              Late since <Time at={late} as="clock" />.{' '}
            </>
          )}
          {trace ? <Evidence trace={trace} /> : 'No cause found upstream.'}
        </p>
        {trace && trace.path.length > 1 && (
          <Steps trace={trace} cards={cards} onSelect={onSelect} />
        )}
      </div>
    )
  }
  const own = new Set(focusOf(graph).map((card) => card.node))
  const around = [...upstreamOf(graph, neighbours)].flatMap((node) => cards.get(node) ?? [])
  const jobs = jobsUpstream(graph)
  const upstream = jobs.filter((job) => !own.has(job.node))
  const running = jobs.filter((job) => toneOf(job.state) === 'run')
  const blocked = jobs.filter((job) => toneOf(job.state) === 'blk')
  const beyond = around.some((card) => card.more_upstream > 0)
  const tone = running.length
    ? 'run'
    : blocked.length
      ? 'blk'
      : (focus?.written_at ?? focus?.state ?? dag?.state)
        ? 'ok'
        : 'non'
  const Icon = running.length
    ? LoaderCircle
    : blocked.length
      ? Ban
      : tone === 'ok'
        ? CircleCheck
        : CircleDashed
  return (
    <div className="focus-status" role="region" aria-label="Status of the focus">
      <div className="sign" data-tone={tone}>
        <Icon size={18} aria-hidden />
      </div>
      <h2>
        <Standing focus={focus} dag={dag} name={name} />
      </h2>
      <p>{upstreamText(upstream.length, running, blocked, beyond)}</p>
    </div>
  )
}

/** Where personal data is tagged, and where it arrives untagged; shown under the PII lens. */
export function Privacy({ graph, onSelect }: { graph: Graph; onSelect: (node: string) => void }) {
  const tagged = graph.cards.filter((card) => card.personal.length)
  const reached = graph.cards.filter((card) => card.personal_reached.length)
  const masked = graph.cards.filter((card) => card.personal_masked.length)
  const tone = reached.length ? 'bad' : tagged.length ? 'ok' : 'non'
  const Icon = reached.length ? ShieldAlert : tagged.length ? ShieldCheck : Fingerprint
  const columns = reached.reduce((sum, card) => sum + card.personal_reached.length, 0)
  return (
    <div className="focus-status" role="region" aria-label="Personal data">
      <div className="sign" data-tone={tone}>
        <Icon size={18} aria-hidden />
      </div>
      <h2>
        {reached.length
          ? `Personal data reaches ${counted(columns, 'column')} of ${counted(reached.length, 'dataset')} without a tag`
          : tagged.length
            ? `Personal data stays in ${counted(tagged.length, 'dataset')}`
            : 'No tags for personal data'}
      </h2>
      <p>
        {tagged.length
          ? `By column lineage, from ${counted(tagged.length, 'tagged dataset')}${masked.length ? `; masked in ${counted(masked.length, 'dataset')}` : ''}.`
          : 'It is found by tags of datasets and columns: pii, phi, personal, gdpr.'}
      </p>
      {reached.length > 0 && (
        <div className="row wrap" style={{ gap: 5, marginTop: 7 }}>
          {reached.slice(0, 5).map((card) => (
            <button
              key={card.node}
              type="button"
              className="badge mono"
              data-tone="bad"
              style={{ border: 0, cursor: 'pointer' }}
              title={card.personal_reached.join(', ')}
              onClick={() => onSelect(card.node)}
            >
              {labelOf(card)}
            </button>
          ))}
          {reached.length > 5 && <span className="muted small">and {reached.length - 5} more</span>}
        </div>
      )}
    </div>
  )
}

/** The state upstream of the focus, where nothing in the graph failed. */
function upstreamText(
  jobs: number,
  running: PathNode[],
  blocked: PathNode[],
  beyond: boolean,
): string {
  const some = (of: PathNode[]) =>
    [
      ...of.slice(0, 2).map((one) => one.label),
      ...(of.length > 2 ? [counted(of.length - 2, 'other job')] : []),
    ].join(' and ')
  if (running.length) return `${some(running)} ${running.length === 1 ? 'is' : 'are'} running.`
  if (blocked.length)
    return `${some(blocked)} did not run because of a failure ${beyond ? 'farther upstream' : 'outside this graph'}.`
  if (jobs === 1) return `No failures in the 1 upstream job${beyond ? ' shown' : ''}.`
  if (jobs) return `No failures in the ${counted(jobs, 'upstream job')}${beyond ? ' shown' : ''}.`
  return beyond ? 'Upstream is not shown.' : 'No known upstream.'
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
  if (!focus)
    return dag?.state
      ? `Last run of ${name}: ${wordOf(dag.state).toLowerCase()}`
      : `${name} has not run yet`
  if (focus.kind === 'dataset') {
    if (!focus.written_at) return `${name} has no known write`
    return (
      <>
        {name} was written <Time at={focus.written_at} />
      </>
    )
  }
  const at = focus.last_run?.ended_at ?? focus.last_run?.started_at
  if (!at)
    return focus.last_run
      ? `${name}: ${wordOf(focus.state).toLowerCase()}`
      : `${name} has not run yet`
  return (
    <>
      {name} ran <Time at={at} />
    </>
  )
}
