import { Handle, type Node, type NodeProps, Position } from '@xyflow/react'
import { Clock, Workflow } from 'lucide-react'
import { memo } from 'react'
import type { Card, Group } from '../api/schema'
import { Tile } from '../parts/Names'
import { Time, Took } from '../parts/Now'
import { Badge, StateBadge, Ticks } from '../parts/State'
import { ending, fitted, initials, pathOf, shortName } from '../text/names'
import { against } from '../text/numbers'
import { neverRan, toneOf, wordOf } from '../text/state'

export interface CardData extends Record<string, unknown> {
  card: Card
  color: string
  dim: boolean
  found: boolean // what was looked for in the graph
  focus: boolean
  onMore: (node: string) => void
}
export interface FrameData extends Record<string, unknown> {
  group: Group
}
export type CardNode = Node<CardData, 'dataset' | 'job'>
export type FrameNode = Node<FrameData, 'frame'>

/** xyflow measures edges from handles; ours come laid out, so these only mark the sides. */
const sides = (
  <>
    <Handle type="target" position={Position.Left} isConnectable={false} style={{ opacity: 0 }} />
    <Handle type="source" position={Position.Right} isConnectable={false} style={{ opacity: 0 }} />
  </>
)

/** How many characters of a name a card of this width shows. */
const room = (width: number, taken: number) => Math.floor((width - taken) / 7.6)

function More({ data }: { data: CardData }) {
  const { card, onMore } = data
  const stub = (count: number, side: 'left' | 'right', word: string) =>
    count > 0 && (
      <button
        type="button"
        className="stub nodrag"
        style={{ [side]: -15 }}
        title={`${count} more ${word}, not drawn`}
        aria-label={`${count} more ${word} of ${card.name}, show from there`}
        onClick={(event) => {
          event.stopPropagation()
          onMore(card.node)
        }}
      >
        +{count}
      </button>
    )
  return (
    <>
      {stub(card.more_upstream, 'left', 'upstream')}
      {stub(card.more_downstream, 'right', 'downstream')}
    </>
  )
}

export const DatasetCard = memo(({ data, selected }: NodeProps<CardNode>) => {
  const { card } = data
  return (
    <>
      <div className="card" data-selected={selected || undefined} data-focus={data.focus || undefined} data-dim={data.dim || undefined} data-found={data.found || undefined}>
        <div className="row">
          <Tile platform={card.platform} />
          <span className="nm" title={card.name}>
            {fitted(shortName(card.name), room(card.w, 50))}
          </span>
        </div>
        <div className="row">
          <span className="sub" title={`${card.namespace}\n${card.name}`}>
            {ending(pathOf(card.name) || card.namespace, Math.floor((card.w - (card.owner ? 52 : 26)) / 6.6))}
          </span>
          {card.owner && (
            <span className="avatar end" title={card.owner}>
              {initials(card.owner)}
            </span>
          )}
        </div>
        <div className="row" style={{ marginTop: 'auto', marginBottom: 5 }}>
          <Badge tone={card.written_at ? (card.state ? toneOf(card.state) : 'non') : 'non'} title={card.state ? `Its writer: ${wordOf(card.state)}` : undefined}>
            <Clock size={11} strokeWidth={2.4} aria-hidden />
            {card.written_at ? <Time at={card.written_at} as="age" /> : card.written_by || card.state ? 'not written' : 'source'}
          </Badge>
          {card.columns ? <span className="sub end num">{card.columns} cols</span> : null}
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
  const compared = card.last_run && !neverRan(card.last_run) ? against(card.last_run.duration, card.p50) : null
  return (
    <>
      <div className="card" data-job data-selected={selected || undefined} data-focus={data.focus || undefined} data-dim={data.dim || undefined} data-found={data.found || undefined} data-blocked={toneOf(card.state) === 'blk' || undefined}>
        <span className="stripe" style={{ background: data.color }} />
        <div className="row">
          <span className="nm" title={card.name}>
            {fitted(card.task_id ?? card.dag_id ?? card.name, room(card.w, 30))}
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
            {card.last_run ? <Took run={card.last_run} /> : <span className="faint">not started</span>}
            {compared && (
              <span className="num" style={{ color: compared.percent > 30 ? 'var(--warn-text)' : 'var(--faint)', marginLeft: 5 }}>
                {compared.text}
              </span>
            )}
            {card.last_run?.try_number && card.last_run.try_number > 1 ? <span style={{ color: toneOf(card.state) === 'ok' ? 'var(--faint)' : 'var(--bad-text)', marginLeft: 5 }}>try {card.last_run.try_number}</span> : null}
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

export const DagFrame = memo(({ data, selected }: NodeProps<FrameNode>) => {
  const { group } = data
  return (
    <div className="frame" data-tone={toneOf(group.state)} data-selected={selected || undefined}>
      <header>
        <div className="row" style={{ gap: 6 }}>
          <Workflow size={14} aria-hidden style={{ flex: 'none' }} />
          <span className="nm" title={group.label}>
            {group.label}
          </span>
        </div>
        <div className="row" style={{ gap: 6, marginTop: 3 }}>
          <span className="sub cut">{group.schedule ?? 'no schedule'}</span>
          {group.hidden > 0 && (
            <span className="tag" title={`${group.hidden} tasks of this DAG are not drawn`}>
              +{group.hidden}
            </span>
          )}
          <span className="end">
            <Ticks states={group.recent} limit={9} />
          </span>
        </div>
      </header>
    </div>
  )
})
