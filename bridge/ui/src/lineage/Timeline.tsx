import { useElementSize } from '@mantine/hooks'
import { scaleTime } from 'd3-scale'
import { ChevronLeft, ChevronRight, History } from 'lucide-react'
import { type PointerEvent, useMemo, useState } from 'react'
import { CloseButton } from '../parts/CloseButton'
import type { Graph, Run } from '../api/schema'
import { useApi } from '../api/client'
import { useNow } from '../parts/Now'
import { useKeys } from '../shell/keys'
import { fitted } from '../text/names'
import { colorOf, toneOf, wordOf } from '../text/state'
import { clock, duration, utc } from '../text/time'
import { momentsOf, spanOf, stepTo } from './moments'

const ROW = 20
const HEAD = 22
const LEFT = 170
const HOURS = [1, 6, 12, 24, 24 * 7] as const

/** The number of DAGs that get a row; the others are counted. */
const MOST_DAGS = 8

export interface DagRow {
  id: string // of the job
  node: string
  label: string
}

/** Limits for the steps: further jobs, and their newest events. */
const OTHERS = 60
const EVENTS = 400

/** The DAGs of a graph, as boxes or cards, from left to right. */
export function dagRowsOf(graph: Graph): DagRow[] {
  const cards = graph.cards
    .filter((card) => card.job_kind === 'dag')
    .map(({ id, node, label, name, x, y }) => ({ id, node, label: label ?? name, x, y }))
  const boxes = graph.groups.map(({ job_id: id, id: node, label, x, y }) => ({
    id,
    node,
    label,
    x,
    y,
  }))
  return [...boxes, ...cards].sort((a, b) => a.x - b.x || a.y - b.y)
}

/** The tasks of a graph, by their ids. */
export const tasksOf = (graph: Graph): string[] =>
  graph.cards
    .filter((card) => card.kind === 'job' && card.job_kind !== 'dag')
    .map((card) => card.id)

interface Props {
  dags: DagRow[]
  others?: string[] // jobs without a row, whose events count as steps too
  asOf: string | undefined
  onChange: (asOf: string | undefined) => void
  onClose: () => void
}

/** The runs of the drawn DAGs over time; the graph shows the moment selected here. */
export function Timeline({ dags, others = [], asOf, onChange, onClose }: Props) {
  const now = useNow()
  const [chosen, setHours] = useState<number>()
  const { ref, width } = useElementSize()
  const shown = dags.slice(0, MOST_DAGS).map((dag) => dag.id)
  const jobs = [...new Set([...shown, ...others.slice(0, OTHERS)])].join(',')
  const answer = useApi<{ items: Run[] }>(
    'runs',
    { jobs, limit: EVENTS },
    { enabled: jobs !== '', keep: true },
  )
  const rows = useMemo(() => {
    const runs = answer.data?.items ?? []
    return dags.slice(0, MOST_DAGS).map((dag) => ({
      ...dag,
      runs: runs.filter(
        (run) => `job:${run.job.namespace}:${run.job.name}` === dag.node && run.started_at,
      ),
    }))
  }, [dags, answer.data])
  const moments = useMemo(() => momentsOf(answer.data?.items ?? []), [answer.data])
  const hours = chosen ?? spanOf(moments, now, HOURS)
  const at = asOf ? Date.parse(asOf) : now
  const end = Math.max(now, at)
  const begin = Math.min(end - hours * 3_600_000, at - 600_000)
  const x = scaleTime([begin, end], [LEFT, Math.max(LEFT + 40, width - 30)]).clamp(true)
  const height = HEAD + Math.max(1, rows.length) * ROW + 6

  const step = (direction: -1 | 1) => {
    const next = stepTo(moments, at, direction)
    onChange(next === null ? undefined : new Date(next).toISOString())
  }
  useKeys({ '[': () => step(-1), ']': () => step(1) })

  const pick = (event: PointerEvent<SVGSVGElement>) => {
    if (event.type === 'pointermove' && event.buttons !== 1) return
    const place = event.clientX - event.currentTarget.getBoundingClientRect().left
    if (place < LEFT) return
    const chosen = x.invert(place).getTime()
    onChange(
      chosen >= now - 1000 ? undefined : new Date(Math.round(chosen / 1000) * 1000).toISOString(),
    )
  }
  return (
    <section className="timeline" aria-label="Time travel">
      <div className="row small muted">
        <History size={14} aria-hidden />
        <b style={{ color: 'var(--text)' }}>Time travel</b>
        <span role="status">
          the graph as of{' '}
          <b style={{ color: 'var(--text)' }} title={asOf ? utc(asOf) : undefined}>
            {asOf ? clock(asOf, now) : 'now'}
          </b>
        </span>
        {dags.length > MOST_DAGS && <span>{dags.length - MOST_DAGS} more DAGs in the graph</span>}
        <span className="end row">
          <span className="segments" role="group" aria-label="Time range">
            {HOURS.map((span) => (
              <button
                key={span}
                type="button"
                aria-pressed={hours === span}
                onClick={() => setHours(span)}
              >
                {span < 48 ? `${span} h` : `${span / 24} d`}
              </button>
            ))}
          </span>
          <button
            type="button"
            className="icon-button"
            aria-label="Previous event"
            title="["
            onClick={() => step(-1)}
          >
            <ChevronLeft size={15} aria-hidden />
          </button>
          <button
            type="button"
            className="icon-button"
            aria-label="Next event"
            title="]"
            onClick={() => step(1)}
          >
            <ChevronRight size={15} aria-hidden />
          </button>
          {asOf && (
            <button type="button" className="button" onClick={() => onChange(undefined)}>
              Now
            </button>
          )}
          <CloseButton label="Close time travel" onClose={onClose} />
        </span>
      </div>
      <div ref={ref}>
        {width > 0 && (
          <svg
            width={width}
            height={height}
            onPointerDown={pick}
            onPointerMove={pick}
            style={{ cursor: 'ew-resize', touchAction: 'none', display: 'block' }}
            role="img"
            aria-label={`Runs of ${rows.length} DAGs in the last ${duration(hours * 3600)}`}
          >
            {x.ticks(Math.max(2, Math.floor((width - LEFT) / 130))).map((tick) => (
              <g key={tick.getTime()}>
                <line x1={x(tick)} x2={x(tick)} y1={HEAD - 6} y2={height} stroke="var(--line)" />
                <text x={x(tick)} y={12} fontSize={10} textAnchor="middle" fill="var(--faint)">
                  {clock(tick.toISOString(), now)}
                </text>
              </g>
            ))}
            {rows.map((dag, at) => (
              <g key={dag.id} transform={`translate(0 ${HEAD + at * ROW})`}>
                <text
                  x={0}
                  y={13}
                  fontSize={11}
                  fill="var(--muted)"
                  style={{ fontFamily: 'var(--mono)' }}
                >
                  {fitted(dag.label, 23)}
                </text>
                {dag.runs.map((run) => {
                  const from = Date.parse(run.started_at ?? '')
                  const to = run.ended_at ? Date.parse(run.ended_at) : now
                  if (to < begin) return null
                  const tone = toneOf(run.state)
                  return (
                    <rect
                      key={run.id}
                      x={x(from)}
                      width={Math.max(3, x(to) - x(from))}
                      y={4}
                      height={11}
                      rx={2.5}
                      fill={colorOf(tone)}
                      opacity={tone === 'ok' ? 0.6 : 1}
                    >
                      <title>{`${dag.label}: ${wordOf(run.state)}, ${clock(run.started_at ?? '', now)}, ${duration((to - from) / 1000)}`}</title>
                    </rect>
                  )
                })}
              </g>
            ))}
            {!rows.length && (
              <text x={LEFT} y={HEAD + 14} fontSize={11} fill="var(--muted)">
                No DAGs in the graph; select any moment.
              </text>
            )}
            <line
              x1={x(at)}
              x2={x(at)}
              y1={HEAD - 8}
              y2={height}
              stroke="var(--accent)"
              strokeWidth={2}
            />
            <circle cx={x(at)} cy={HEAD - 8} r={4} fill="var(--accent)" />
          </svg>
        )}
      </div>
    </section>
  )
}
