import { useElementSize } from '@mantine/hooks'
import { Link } from '@tanstack/react-router'
import { scaleTime } from 'd3-scale'
import type { Run } from '../api/schema'
import { useNow } from '../parts/Now'
import { fitted } from '../text/names'
import { colorOf, neverRan, toneOf, wordOf } from '../text/state'
import { clock, duration } from '../text/time'
import { lanesOf } from './lanes'

const ROW = 26
const HEAD = 24

/** When each task of a run ran: one row a task instance, one bar a try. */
export function Gantt({ runs, from, to }: { runs: Run[]; from: string | null; to: string | null }) {
  const { ref, width } = useElementSize()
  const now = useNow()
  const lanes = lanesOf(runs)
  const starts = [from, ...runs.map((run) => run.queued_at ?? run.started_at)].flatMap((time) => (time ? [Date.parse(time)] : []))
  const ends = [to, ...runs.map((run) => run.ended_at)].flatMap((time) => (time ? [Date.parse(time)] : []))
  const running = runs.some((run) => run.started_at && !run.ended_at)
  if (!lanes.length || !starts.length) return <p className="muted small">No task has started yet.</p>
  const first = Math.min(...starts)
  const last = Math.max(first + 1, ...ends, ...(running ? [now] : []))
  const left = Math.min(260, 24 + 7.4 * Math.max(...lanes.map((lane) => Array.from(lane.label).length)))
  const x = scaleTime([first, last], [left, Math.max(left + 40, width - 70)])
  const height = HEAD + lanes.length * ROW
  const span = (last - first) / 1000
  return (
    <div ref={ref} style={{ width: '100%' }}>
      {width > 0 && (
        <svg width={width} height={height} role="group" aria-label={`When the ${lanes.length} tasks of this run ran, ${duration(span)} in all`}>
          {x.ticks(Math.max(2, Math.floor((width - left) / 110))).map((tick) => (
            <g key={tick.getTime()} aria-hidden>
              <line x1={x(tick)} x2={x(tick)} y1={HEAD - 6} y2={height} stroke="var(--line)" />
              <text x={x(tick)} y={12} fontSize={10} textAnchor="middle" fill="var(--faint)" className="num">
                {span < 600 ? new Date(tick).toLocaleTimeString('en-GB') : clock(tick.toISOString(), now)}
              </text>
            </g>
          ))}
          {lanes.map((lane, row) => (
            <g key={lane.label} transform={`translate(0 ${HEAD + row * ROW})`}>
              <text x={0} y={17} fontSize={11.5} fill="var(--text)" style={{ fontFamily: 'var(--mono)' }}>
                {fitted(lane.label, 32)}
                <title>{lane.label}</title>
              </text>
              {lane.runs.map((run) => {
                const begin = Date.parse(run.started_at ?? run.queued_at ?? run.ended_at ?? '')
                if (Number.isNaN(begin)) return null
                const end = run.ended_at ? Date.parse(run.ended_at) : run.started_at ? now : begin
                const tone = toneOf(run.state)
                const queued = run.queued_at && run.started_at ? Date.parse(run.queued_at) : begin
                const took = run.duration ?? (end - begin) / 1000
                const told = `${lane.label}${run.try_number && run.try_number > 1 ? `, try ${run.try_number}` : ''}: ${wordOf(run.state)}, ${neverRan(run) ? 'did not run' : duration(took)}`
                return (
                  <Link key={run.id} to="/runs/$id" params={{ id: run.id }} aria-label={told}>
                    <title>{told}</title>
                    {queued < begin && <rect x={x(queued)} width={Math.max(0, x(begin) - x(queued))} y={11} height={3} fill="var(--non)" opacity={0.6} />}
                    <rect x={x(begin)} width={Math.max(4, x(end) - x(begin))} y={5} height={15} rx={3.5} fill={colorOf(tone)} opacity={tone === 'ok' ? 0.65 : 1} />
                    {run === lane.runs.at(-1) && (
                      <text x={x(end) + Math.max(6, 4 - (x(end) - x(begin)) + 6)} y={17} fontSize={10.5} fill="var(--muted)" className="num">
                        {neverRan(run) ? wordOf(run.state).toLowerCase() : duration(took)}
                      </text>
                    )}
                  </Link>
                )
              })}
            </g>
          ))}
        </svg>
      )}
    </div>
  )
}
