import { Handle, type Node, type NodeProps, Position } from '@xyflow/react'
import { ChevronsDownUp, ChevronsUpDown, Clock, Lock, Workflow } from 'lucide-react'
import { memo, type MouseEvent } from 'react'
import type { Card, Group } from '../api/schema'
import { hasPersonal, Personal, Tile } from '../parts/Names'
import { Time, RunDuration } from '../parts/Now'
import { Badge, StateBadge, Ticks } from '../parts/State'
import { ending, fitted, initials, pathOf, shortName } from '../text/names'
import { against, counted } from '../text/numbers'
import { jobKindOf, neverRan, toneOf, wordOf } from '../text/state'
import { A_FEW } from './changes'
import { standingOf } from './lens'

export interface CardData extends Record<string, unknown> {
  card: Card
  color: string
  dim: boolean
  found: boolean // matches the search in the graph
  focus: boolean
  added: { up: boolean; down: boolean } // whether neighbours were added to a side
  on: UnfoldActions
}
export interface FrameData extends Record<string, unknown> {
  group: Group
  all: boolean // whether all its tasks are shown
  on: UnfoldActions
}

/** Actions on single cards and boxes. */
export interface UnfoldActions {
  open: (card: Card, side: 'up' | 'down') => void
  close: (card: Card, side: 'up' | 'down') => void
  fold: (whole: { id: string; node: string; isDag: boolean }, fold: boolean) => void
  tasks: (group: Group, all: boolean) => void
}
export type CardNode = Node<CardData, 'dataset' | 'job' | 'dag' | 'restricted'>
export type FrameNode = Node<FrameData, 'frame'>

/** xyflow measures edges from handles; ours come laid out, so these only mark the sides. */
const sides = (
  <>
    <Handle type="target" position={Position.Left} isConnectable={false} style={{ opacity: 0 }} />
    <Handle type="source" position={Position.Right} isConnectable={false} style={{ opacity: 0 }} />
  </>
)

/** The number of characters of a name that fit a card of this width. */
const charsIn = (width: number, taken: number) => Math.floor((width - taken) / 7.6)

function More({ data }: { data: CardData }) {
  const { card, added, on } = data
  const side = (which: 'up' | 'down', count: number) => {
    const word = which === 'up' ? 'upstream' : 'downstream'
    if (!count && !added[which]) return null
    return (
      <span className="stubs nodrag" data-side={which}>
        {count > 0 && (
          <button
            type="button"
            className="stub"
            title={`${count} more ${word}: show ${count > A_FEW ? `${A_FEW} of them` : 'them'}`}
            aria-label={`Show ${count} more ${word} of ${card.name}`}
            onClick={(event) => {
              event.stopPropagation()
              on.open(card, which)
            }}
          >
            +{count}
          </button>
        )}
        {added[which] && (
          <button
            type="button"
            className="stub"
            title={`Hide added ${word}`}
            aria-label={`Hide added ${word} of ${card.name}`}
            onClick={(event) => {
              event.stopPropagation()
              on.close(card, which)
            }}
          >
            −
          </button>
        )}
      </span>
    )
  }
  return (
    <>
      {side('up', card.more_upstream)}
      {side('down', card.more_downstream)}
    </>
  )
}

export const DatasetCard = memo(({ data, selected }: NodeProps<CardNode>) => {
  const { card } = data
  return (
    <>
      <div
        className="card"
        data-selected={selected || undefined}
        data-focus={data.focus || undefined}
        data-dim={data.dim || undefined}
        data-found={data.found || undefined}
      >
        <div className="row">
          <Tile platform={card.platform} />
          <span className="nm" title={card.name}>
            {fitted(shortName(card.name), charsIn(card.w, 50))}
          </span>
        </div>
        <div className="row">
          <span className="sub" title={`${card.namespace}\n${card.name}`}>
            {ending(
              pathOf(card.name) || card.namespace,
              Math.floor((card.w - (card.owner ? 52 : 26)) / 6.6),
            )}
          </span>
          {card.owner && (
            <span className="avatar end" title={card.owner}>
              {initials(card.owner)}
            </span>
          )}
        </div>
        <div className="row" style={{ marginTop: 'auto', marginBottom: 5 }}>
          <Badge
            tone={card.written_at ? standingOf(card) : 'non'}
            title={
              card.late_since
                ? 'Late: it should have been written by now'
                : card.state
                  ? `Its writer: ${wordOf(card.state)}`
                  : undefined
            }
          >
            <Clock size={11} strokeWidth={2.4} aria-hidden />
            {card.written_at ? (
              <Time at={card.written_at} as="age" />
            ) : card.written_by || card.state ? (
              'not written'
            ) : (
              'source'
            )}
          </Badge>
          {hasPersonal(card) && (
            <span className="end">
              <Personal of={card} />
            </span>
          )}
          {card.columns && !hasPersonal(card) ? (
            <span className="sub end num">{card.columns} cols</span>
          ) : null}
        </div>
        <span className="foot" style={{ background: data.color }} />
        {sides}
      </div>
      <More data={data} />
    </>
  )
})

export const JobCard = memo(({ data, selected }: NodeProps<CardNode>) => {
  const { card } = data
  const compared =
    card.last_run && !neverRan(card.last_run) ? against(card.last_run.duration, card.p50) : null
  return (
    <>
      <div
        className="card"
        data-job
        data-selected={selected || undefined}
        data-focus={data.focus || undefined}
        data-dim={data.dim || undefined}
        data-found={data.found || undefined}
        data-blocked={toneOf(card.state) === 'blk' || undefined}
      >
        <span className="stripe" style={{ background: data.color }} />
        <div className="row">
          <span className="nm" title={card.name}>
            {fitted(card.label ?? card.name, charsIn(card.w, 30))}
          </span>
        </div>
        <div className="row">
          <StateBadge state={card.state} />
          <span className="sub" title={card.operator ?? undefined}>
            {card.operator?.split('.').at(-1) ?? card.job_kind}
          </span>
        </div>
        <div className="row" style={{ marginTop: 'auto' }}>
          <span className="small" style={{ lineHeight: '14px' }}>
            {card.last_run ? (
              <RunDuration run={card.last_run} />
            ) : (
              <span className="faint">not started</span>
            )}
            {compared && (
              <span
                className="num"
                style={{
                  color: compared.percent > 30 ? 'var(--warn-text)' : 'var(--faint)',
                  marginLeft: 5,
                }}
              >
                {compared.text}
              </span>
            )}
            {card.last_run?.try_number && card.last_run.try_number > 1 ? (
              <span
                style={{
                  color: toneOf(card.state) === 'ok' ? 'var(--faint)' : 'var(--bad-text)',
                  marginLeft: 5,
                }}
              >
                try {card.last_run.try_number}
              </span>
            ) : null}
          </span>
          <span className="end">
            <Ticks states={card.recent} limit={9} />
          </span>
        </div>
        {sides}
      </div>
      <More data={data} />
    </>
  )
})

/** What the reader may not see: where it is, and nothing else. */
export const RestrictedCard = memo(({ data, selected }: NodeProps<CardNode>) => (
  <div
    className="card"
    data-restricted
    data-selected={selected || undefined}
    data-dim={data.dim || undefined}
  >
    <div className="row">
      <Lock size={13} aria-hidden style={{ flex: 'none' }} />
      <span className="nm">{data.card.label}</span>
    </div>
    <span className="sub wrapped">In namespaces that you may not see</span>
    {sides}
  </div>
))

/** A DAG shown instead of its tasks, an application or a project instead of its jobs. */
export const DagCard = memo(({ data, selected }: NodeProps<CardNode>) => {
  const { card, on } = data
  const name = card.label ?? card.name
  const isDag = card.job_kind === 'dag'
  const parts = counted(card.tasks ?? 0, isDag ? 'task' : 'job')
  return (
    <>
      <div
        className="card"
        data-job
        data-dag
        data-selected={selected || undefined}
        data-focus={data.focus || undefined}
        data-dim={data.dim || undefined}
        data-found={data.found || undefined}
        data-blocked={toneOf(card.state) === 'blk' || undefined}
      >
        <span className="stripe" style={{ background: data.color }} />
        <div className="row">
          <Workflow size={13} aria-hidden style={{ flex: 'none' }} />
          <span className="nm" title={card.name}>
            {fitted(name, charsIn(card.w, 50))}
          </span>
        </div>
        <div className="row">
          <StateBadge state={card.state} />
          <span className="sub">
            {isDag ? (card.schedule ?? 'no schedule') : jobKindOf(card.job_kind ?? 'job')}
          </span>
        </div>
        <div className="row" style={{ marginTop: 'auto' }}>
          <button
            type="button"
            className="tag nodrag"
            aria-label={`Show the ${parts} of ${name}`}
            title={isDag ? 'Show its tasks' : 'Show what is inside'}
            disabled={!card.folded}
            onClick={(event) => {
              event.stopPropagation()
              on.fold({ ...card, isDag }, false)
            }}
          >
            {card.folded && <ChevronsUpDown size={11} aria-hidden />}
            {parts}
          </button>
          <span className="end">
            <Ticks states={card.recent} limit={9} />
          </span>
        </div>
        {sides}
      </div>
      <More data={data} />
    </>
  )
})

export const DagFrame = memo(({ data, selected }: NodeProps<FrameNode>) => {
  const { group, all, on } = data
  const isDag = group.job_kind === 'dag'
  const ask = (act: () => void) => (event: MouseEvent) => {
    event.stopPropagation()
    act()
  }
  return (
    <div className="frame" data-tone={toneOf(group.state)} data-selected={selected || undefined}>
      <header>
        <div className="row" style={{ gap: 6 }}>
          <Workflow size={14} aria-hidden style={{ flex: 'none' }} />
          <span className="nm" title={group.label}>
            {group.label}
          </span>
          <button
            type="button"
            className="mini end nodrag"
            aria-label={`Show ${group.label} as one card`}
            title="Show it as one card (c)"
            onClick={ask(() => on.fold({ id: group.job_id, node: group.id, isDag }, true))}
          >
            <ChevronsDownUp size={12} aria-hidden />
          </button>
        </div>
        <div className="row" style={{ gap: 6, marginTop: 3 }}>
          <span className="sub cut">
            {isDag ? (group.schedule ?? 'no schedule') : jobKindOf(group.job_kind)}
          </span>
          {(group.hidden > 0 || all) && (
            <button
              type="button"
              className="tag nodrag"
              title={
                all
                  ? 'Show only tasks with lineage here'
                  : `${counted(group.hidden, isDag ? 'task' : 'job')} hidden: show all`
              }
              aria-label={
                all
                  ? `Show fewer tasks of ${group.label}`
                  : `Show ${counted(group.hidden, isDag ? 'more task' : 'more job')} of ${group.label}`
              }
              onClick={ask(() => on.tasks(group, !all))}
            >
              {all ? '−' : `+${group.hidden}`}
            </button>
          )}
          <span className="end">
            <Ticks states={group.recent} limit={9} />
          </span>
        </div>
      </header>
    </div>
  )
})
