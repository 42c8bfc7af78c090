import { useElementSize } from '@mantine/hooks'
import { Link } from '@tanstack/react-router'
import { scaleTime } from 'd3-scale'
import { useState } from 'react'
import type { CriticalPath, Run } from '../api/schema'
import { apart } from './ticks'
import { useNow } from '../parts/Now'
import { count } from '../text/numbers'
import { fitted } from '../text/names'
import { colorOf, neverRan, toneOf, wordOf } from '../text/state'
import { clock, duration } from '../text/time'
import { sentenceOf } from './critical'
import { type TaskRow, taskRowsOf, tookOf } from './taskRows'

const ROW = 26
const HEAD = 24
/** The number of rows shown at first. */
const MANY = 60

type Scale = (time: number) => number

interface Props {
  of: Pick<Run, 'started_at' | 'ended_at' | 'duration'>
  runs: Run[]
  critical?: CriticalPath | null
}

/** The tasks of a run over time: one row for each task instance, one bar for each try, and the critical path. */
export function Gantt({ of, runs, critical }: Props) {
  const { ref, width } = useElementSize()
  const now = useNow()
  const [whole, setWhole] = useState(false)
  const all = taskRowsOf(runs)
  const rows = whole || all.length <= MANY + 5 ? all : all.slice(0, MANY)
  const starts = [of.started_at, ...runs.map((run) => run.queued_at ?? run.started_at)].flatMap(
    (time) => (time ? [Date.parse(time)] : []),
  )
  const ends = [of.ended_at, ...runs.map((run) => run.ended_at)].flatMap((time) =>
    time ? [Date.parse(time)] : [],
  )
  const running = runs.some((run) => run.started_at && !run.ended_at)
  if (!rows.length || !starts.length) return <p className="muted small">No task runs yet.</p>
  const first = Math.min(...starts)
  const last = Math.max(first + 1, ...ends, ...(running ? [now] : []))
  const left = Math.min(
    260,
    width * 0.38,
    24 + 7.4 * Math.max(...rows.map((task) => Array.from(task.label).length)),
  )
  const time = scaleTime([first, last], [left, Math.max(left + 40, width - 70)])
  const x: Scale = (at) => time(at)
  const height = HEAD + rows.length * ROW
  const span = (last - first) / 1000
  const onPath = new Set(critical?.steps.flatMap((step) => step.runs))
  return (
    <>
      <div ref={ref} style={{ width: '100%' }}>
        {width > 0 && (
          <svg
            width={width}
            height={height}
            role="group"
            aria-label={`Timeline of the ${all.length} tasks of this run, ${duration(tookOf(of, runs, now) ?? span)} in total`}
          >
            {apart(time.ticks(Math.max(2, Math.floor((width - left) / 110))), x, 66).map((tick) => (
              <g key={tick.getTime()} aria-hidden>
                <line
                  x1={time(tick)}
                  x2={time(tick)}
                  y1={HEAD - 6}
                  y2={height}
                  stroke="var(--line)"
                />
                <text
                  x={time(tick)}
                  y={12}
                  fontSize={10}
                  textAnchor="middle"
                  fill="var(--faint)"
                  className="num"
                >
                  {span < 600
                    ? new Date(tick).toLocaleTimeString('en-GB')
                    : clock(tick.toISOString(), now)}
                </text>
              </g>
            ))}
            {critical && <Chain critical={critical} rows={rows} x={x} now={now} />}
            {rows.map((task, row) => (
              <g key={task.label} transform={`translate(0 ${HEAD + row * ROW})`}>
                <text
                  x={0}
                  y={17}
                  fontSize={11.5}
                  fontWeight={task.runs.some((run) => onPath.has(run.id)) ? 650 : 400}
                  fill="var(--text)"
                  style={{ fontFamily: 'var(--mono)' }}
                >
                  {fitted(task.label, Math.max(8, Math.floor((left - 24) / 7.2)))}
                  <title>{task.label}</title>
                </text>
                {task.runs.map((run) => (
                  <Try
                    key={run.id}
                    run={run}
                    task={task}
                    x={x}
                    now={now}
                    left={left}
                    onPath={onPath.has(run.id)}
                  />
                ))}
              </g>
            ))}
          </svg>
        )}
      </div>
      {rows.length < all.length && (
        <button type="button" className="button" onClick={() => setWhole(true)}>
          Show all {count(all.length)}
        </button>
      )}
      <Legend runs={runs} critical={critical} />
    </>
  )
}

/** One try: a thin bar for its time in the queue, a thick one for its run. */
function Try({
  run,
  task,
  x,
  now,
  onPath,
  left,
}: {
  run: Run
  task: TaskRow
  x: Scale
  now: number
  onPath: boolean
  left: number
}) {
  const begin = Date.parse(run.started_at ?? run.queued_at ?? run.ended_at ?? '')
  if (Number.isNaN(begin))
    return (
      <Link
        to="/runs/$id"
        params={{ id: run.id }}
        aria-label={`${task.label}: ${wordOf(run.state)}, start unknown`}
      >
        <text x={left} y={17} fontSize={10.5} fill="var(--muted)">
          {wordOf(run.state).toLowerCase()}
        </text>
      </Link>
    )
  const end = run.ended_at ? Date.parse(run.ended_at) : run.started_at ? now : begin
  const tone = toneOf(run.state)
  const queued =
    run.queued_at && run.started_at ? Math.min(begin, Date.parse(run.queued_at)) : begin
  const took = run.duration ?? (end - begin) / 1000
  const parts = [
    `${task.label}${task.runs.length > 1 && run.try_number ? `, try ${run.try_number}` : ''}: ${wordOf(run.state)}, ${neverRan(run) ? 'did not run' : duration(took)}`,
    begin - queued >= 1000 ? `queued ${duration((begin - queued) / 1000)}` : '',
    onPath ? 'on the critical path' : '',
  ]
  const text = parts.filter(Boolean).join(', ')
  return (
    <Link to="/runs/$id" params={{ id: run.id }} aria-label={text}>
      <title>{text}</title>
      {queued < begin && (
        <rect
          x={x(queued)}
          width={Math.max(1, x(begin) - x(queued))}
          y={11}
          height={3}
          fill="var(--non)"
          opacity={0.75}
        />
      )}
      <rect
        x={x(begin)}
        width={Math.max(4, x(end) - x(begin))}
        y={5}
        height={15}
        rx={3.5}
        fill={colorOf(tone)}
        opacity={tone === 'ok' && !onPath ? 0.55 : 1}
        {...(onPath ? { stroke: 'var(--accent)', strokeWidth: 2 } : {})}
      />
      {run === task.runs.at(-1) && (
        <text
          x={Math.max(x(end), x(begin) + 4) + 6}
          y={17}
          fontSize={10.5}
          fill="var(--muted)"
          className="num"
        >
          {neverRan(run) ? wordOf(run.state).toLowerCase() : duration(took)}
        </text>
      )}
    </Link>
  )
}

/** Connect the end of each step of the critical path with the start of the next. */
function Chain({
  critical,
  rows,
  x,
  now,
}: {
  critical: CriticalPath
  rows: TaskRow[]
  x: Scale
  now: number
}) {
  const places = critical.steps.flatMap((step) => {
    const row = rows.findIndex((task) => task.runs.some((run) => step.runs.includes(run.id)))
    const runs = rows[row]?.runs
    if (!runs) return []
    const starts = runs.flatMap((run) => (run.started_at ? [Date.parse(run.started_at)] : []))
    return [
      {
        y: HEAD + row * ROW + 12.5,
        from: Math.min(...starts),
        to: Math.max(...runs.map((run) => (run.ended_at ? Date.parse(run.ended_at) : now))),
      },
    ]
  })
  const lines = places.slice(1).map((place, at) => {
    const before = places[at] ?? place
    return `M${x(before.to)} ${before.y}V${place.y}H${x(place.from)}`
  })
  return (
    <path
      d={lines.join('')}
      fill="none"
      stroke="var(--accent)"
      strokeWidth={1.5}
      opacity={0.7}
      aria-hidden
    />
  )
}

function Legend({ runs, critical }: { runs: Run[]; critical: CriticalPath | null | undefined }) {
  const queued = runs.some(
    (run) =>
      run.queued_at &&
      run.started_at &&
      Date.parse(run.started_at) - Date.parse(run.queued_at) >= 1000,
  )
  if (!critical && !queued) return null
  return (
    <p className="small muted gantt-legend">
      {critical && (
        <span>
          <i className="path" aria-hidden /> <b>Critical path:</b> {sentenceOf(critical)}
        </span>
      )}
      {queued && (
        <span>
          <i className="queue" aria-hidden /> waited in the queue
        </span>
      )}
    </p>
  )
}
