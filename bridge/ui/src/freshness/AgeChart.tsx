import { useElementSize } from '@mantine/hooks'
import { Link } from '@tanstack/react-router'
import { scaleLinear, scaleTime } from 'd3-scale'
import type { Freshness, Write } from '../api/schema'
import { count, counted } from '../text/numbers'
import { about, clock, durationTicks } from '../text/time'
import { apart } from '../charts/ticks'
import { teethOf, type Tooth } from './teeth'

const LEFT = 54
const HEAD = 12
const FOOT = 20
const HEIGHT = 150

/** How old a dataset was at any time, and when it was late. */
export function AgeChart({ freshness }: { freshness: Freshness }) {
  const { ref, width } = useElementSize()
  const teeth = teethOf(freshness)
  const now = Date.parse(freshness.now)
  const first = teeth[0]?.from ?? now - 1
  const most = Math.max(1, ...teeth.map((tooth) => tooth.age)) * 1.05
  const x = scaleTime([first, now], [LEFT, Math.max(LEFT + 40, width - 8)])
  const y = scaleLinear([0, most], [HEIGHT - FOOT, HEAD])
  const late = freshness.breaches.length
  const label = [
    `Age since ${clock(new Date(first).toISOString(), now)}: ${counted(teeth.length, 'write')}`,
    late ? `late ${counted(late, 'time')}` : '',
  ]
    .filter(Boolean)
    .join(', ')
  return (
    <div ref={ref} style={{ width: '100%' }}>
      {width > 0 && (
        <svg width={width} height={HEIGHT} role="group" aria-label={label}>
          {durationTicks(most, 3).map((tick) => (
            <g key={tick} aria-hidden>
              <line x1={LEFT} x2={width} y1={y(tick)} y2={y(tick)} stroke="var(--line)" />
              <text
                x={LEFT - 7}
                y={y(tick) + 3.5}
                fontSize={10}
                textAnchor="end"
                fill="var(--faint)"
              >
                {tick ? about(tick) : '0'}
              </text>
            </g>
          ))}
          {apart(x.ticks(Math.max(2, Math.floor((width - LEFT) / 120))), x, 110)
            .filter((tick) => x(tick) > LEFT + 30 && x(tick) < width - 45)
            .map((tick) => (
              <text
                key={tick.getTime()}
                x={x(tick)}
                y={HEIGHT - 4}
                fontSize={10}
                textAnchor="middle"
                fill="var(--faint)"
                aria-hidden
              >
                {clock(tick.toISOString(), now)}
              </text>
            ))}
          <path
            d={teeth
              .map(
                (tooth) =>
                  `M${x(tooth.from)} ${y(tooth.before)}L${x(tooth.to)} ${y(tooth.age)}V${y(0)}H${x(tooth.from)}Z`,
              )
              .join('')}
            fill="var(--accent)"
            opacity={0.1}
            aria-hidden
          />
          <path
            d={freshness.breaches
              .flatMap((breach) =>
                teeth.map((tooth) =>
                  within(
                    tooth,
                    Date.parse(breach.since),
                    breach.until ? Date.parse(breach.until) : now,
                    x,
                    y,
                  ),
                ),
              )
              .join('')}
            fill="var(--bad)"
            opacity={0.45}
            aria-hidden
          />
          <path
            d={teeth
              .map(
                (tooth, at) =>
                  `${at ? 'L' : 'M'}${x(tooth.from)} ${y(tooth.before)}L${x(tooth.to)} ${y(tooth.age)}`,
              )
              .join('')}
            fill="none"
            stroke="var(--accent)"
            strokeWidth={1.4}
            aria-hidden
          />
          {freshness.writes
            .filter((write) => Date.parse(write.at) >= first)
            .map((write) => (
              <Point key={write.at} write={write} x={x(Date.parse(write.at))} y={y(0)} now={now} />
            ))}
        </svg>
      )}
    </div>
  )
}

/** The part of a tooth that lies between two times. */
function within(
  tooth: Tooth,
  since: number,
  until: number,
  x: (at: number) => number,
  y: (age: number) => number,
): string {
  const begin = Math.max(tooth.from, since)
  const end = Math.min(tooth.to, until)
  const age = (at: number) => tooth.before + (at - tooth.from) / 1000
  return begin < end
    ? `M${x(begin)} ${y(age(begin))}L${x(end)} ${y(age(end))}V${y(0)}H${x(begin)}Z`
    : ''
}

function Point({ write, x, y, now }: { write: Write; x: number; y: number; now: number }) {
  const rows = write.row_count === null ? '' : `, ${count(write.row_count)} rows`
  const label = `Written ${clock(write.at, now)}${write.run ? ` by ${write.run.dag_id ?? write.run.label}` : ', according to the store'}${rows}`
  const dot = (
    <>
      <title>{label}</title>
      <rect x={x - 5} width={10} y={y - 10} height={20} fill="transparent" />
      <circle cx={x} cy={y} r={3.2} fill="var(--ok)" stroke="var(--surface)" strokeWidth={1} />
    </>
  )
  return write.run ? (
    <Link to="/runs/$id" params={{ id: write.run.id }} aria-label={label}>
      {dot}
    </Link>
  ) : (
    <g role="img" aria-label={label}>
      {dot}
    </g>
  )
}
