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
  type Suspect,
  type Trace,
  upstreamOf,
} from './graph'

/** The answer before the graph: how the focus stands and what the root cause is. */
export function Verdict({
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
      <div className="verdict" role="region" aria-label="How the focus stands">
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
          {trace ? <Evidence trace={trace} /> : 'Nothing that is known upstream explains it.'}
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
    <div className="verdict" role="region" aria-label="How the focus stands">
      <div className="sign" data-tone={tone}>
        <Icon size={18} aria-hidden />
      </div>
      <h2>
        <Standing focus={focus} dag={dag} name={name} />
      </h2>
      <p>{told(upstream.length, running, blocked, beyond)}</p>
    </div>
  )
}

/** The answer before the graph under the lens of personal data: where it is, and where it comes to unseen. */
export function Privacy({ graph, onSelect }: { graph: Graph; onSelect: (node: string) => void }) {
  const tagged = graph.cards.filter((card) => card.personal.length)
  const reached = graph.cards.filter((card) => card.personal_reached.length)
  const masked = graph.cards.filter((card) => card.personal_masked.length)
  const tone = reached.length ? 'bad' : tagged.length ? 'ok' : 'non'
  const Icon = reached.length ? ShieldAlert : tagged.length ? ShieldCheck : Fingerprint
  const columns = reached.reduce((sum, card) => sum + card.personal_reached.length, 0)
  return (
    <div className="verdict" role="region" aria-label="Where personal data is">
      <div className="sign" data-tone={tone}>
        <Icon size={18} aria-hidden />
      </div>
      <h2>
        {reached.length
          ? `Personal data reaches ${counted(columns, 'column')} of ${counted(reached.length, 'dataset')} that no tag tells of`
          : tagged.length
            ? `Personal data stays where tags tell of it: ${counted(tagged.length, 'dataset')}`
            : 'No tag here tells of personal data'}
      </h2>
      <p>
        {tagged.length
          ? `By column lineage, from ${counted(tagged.length, 'tagged dataset')}${masked.length ? `; masked in ${counted(masked.length, 'dataset')}` : ''}.`
          : 'Tags of datasets and of their columns say it: pii, phi, personal, gdpr.'}
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

/** What is known upstream of the focus, where nothing that is drawn failed. */
function told(jobs: number, running: Suspect[], blocked: Suspect[], beyond: boolean): string {
  const some = (of: Suspect[]) =>
    [
      ...of.slice(0, 2).map((one) => one.label),
      ...(of.length > 2 ? [counted(of.length - 2, 'other job')] : []),
    ].join(' and ')
  if (running.length) return `${some(running)} ${running.length === 1 ? 'is' : 'are'} running.`
  if (blocked.length)
    return `${some(blocked)} did not run, because of a failure ${beyond ? 'farther upstream' : 'that this graph does not show'}. `
  if (jobs === 1) return `The one job upstream${beyond ? ' that is drawn' : ''} did not fail.`
  if (jobs)
    return `Nothing failed among the ${counted(jobs, 'job')} upstream${beyond ? ' that are drawn' : ''}.`
  return beyond ? 'What lies upstream is not drawn.' : 'Nothing is known upstream of it.'
}

/** What is wrong and where it began, in a sentence. */
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

/** When it began, how often, with what error, and what else failed. */
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

/** The way from the root cause down to the focus. */
function Steps({
  trace: { path },
  cards,
  onSelect,
}: {
  trace: Trace
  cards: Map<string, Card>
  onSelect: (node: string) => void
}) {
  const shown = (step: Suspect) =>
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
      ? `The newest run of ${name}: ${wordOf(dag.state).toLowerCase()}`
      : `${name} has not run yet`
  if (focus.kind === 'dataset') {
    if (!focus.written_at) return `${name} has not been seen written`
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
