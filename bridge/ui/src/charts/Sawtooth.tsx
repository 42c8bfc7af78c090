import { useElementSize } from '@mantine/hooks'
import { Link } from '@tanstack/react-router'
import { scaleLinear, scaleTime } from 'd3-scale'
import type { Freshness, Write } from '../api/schema'
import { count, counted } from '../text/numbers'
import { about, clock, durationTicks } from '../text/time'
import { teethOf, type Tooth } from './teeth'

const LEFT = 54
const HEAD = 12
const FOOT = 20
const HEIGHT = 150

/** How old a dataset was at any time, against the age at which it is late. */
export function Sawtooth({ freshness }: { freshness: Freshness }) {
  const { ref, width } = useElementSize()
  const teeth = teethOf(freshness)
  const now = Date.parse(freshness.now)
  const expected = freshness.rhythm?.expected ?? null
  const first = teeth[0]?.from ?? now - 1
  const most = Math.max(1, (expected ?? 0) * 1.35, ...teeth.map((tooth) => tooth.age))
  const x = scaleTime([first, now], [LEFT, Math.max(LEFT + 40, width - 8)])
  const y = scaleLinear([0, most], [HEIGHT - FOOT, HEAD])
  const late = freshness.breaches.length
  const told = [`How old it was since ${clock(new Date(first).toISOString(), now)}: written ${counted(teeth.length, 'time')}`, expected === null ? '' : `late after ${about(expected)}`, late ? `late ${counted(late, 'time')}` : ''].filter(Boolean).join(', ')
  return (
    <div ref={ref} style={{ width: '100%' }}>
      {width > 0 && (
        <svg width={width} height={HEIGHT} role="group" aria-label={told}>
          {durationTicks(most, 3).map((tick) => (
            <g key={tick} aria-hidden>
              <line x1={LEFT} x2={width} y1={y(tick)} y2={y(tick)} stroke="var(--line)" />
              <text x={LEFT - 7} y={y(tick) + 3.5} fontSize={10} textAnchor="end" fill="var(--faint)">
                {tick ? about(tick) : '0'}
              </text>
            </g>
          ))}
          {x.ticks(Math.max(2, Math.floor((width - LEFT) / 120))).map((tick) => (
            <text key={tick.getTime()} x={x(tick)} y={HEIGHT - 4} fontSize={10} textAnchor="middle" fill="var(--faint)" aria-hidden>
              {clock(tick.toISOString(), now)}
            </text>
          ))}
          <path d={teeth.map((tooth) => `M${x(tooth.from)} ${y(tooth.before)}L${x(tooth.to)} ${y(tooth.age)}V${y(0)}H${x(tooth.from)}Z`).join('')} fill="var(--accent)" opacity={0.1} aria-hidden />
          {expected !== null && <path d={teeth.map((tooth) => over(tooth, expected, x, y)).join('')} fill="var(--bad)" opacity={0.45} aria-hidden />}
          <path d={teeth.map((tooth, at) => `${at ? 'L' : 'M'}${x(tooth.from)} ${y(tooth.before)}L${x(tooth.to)} ${y(tooth.age)}`).join('')} fill="none" stroke="var(--accent)" strokeWidth={1.4} aria-hidden />
          {expected !== null && (
            <g aria-hidden>
              <line x1={LEFT} x2={width} y1={y(expected)} y2={y(expected)} stroke="var(--bad)" strokeDasharray="4 3" />
              <text x={LEFT + 4} y={y(expected) - 4} fontSize={10} fill="var(--bad-text)" stroke="var(--surface)" strokeWidth={3} paintOrder="stroke">
                late after {about(expected)}
              </text>
            </g>
          )}
          {freshness.writes.filter((write) => Date.parse(write.at) >= first).map((write) => (
            <Point key={write.at} write={write} x={x(Date.parse(write.at))} y={y(0)} now={now} />
          ))}
        </svg>
      )}
    </div>
  )
}

/** The part of a tooth that lies above the expectation. */
function over(tooth: Tooth, expected: number, x: (at: number) => number, y: (age: number) => number): string {
  if (tooth.age <= expected) return ''
  const begin = tooth.from + Math.max(0, expected - tooth.before) * 1000
  return `M${x(begin)} ${y(Math.max(expected, tooth.before))}L${x(tooth.to)} ${y(tooth.age)}V${y(expected)}H${x(begin)}Z`
}

function Point({ write, x, y, now }: { write: Write; x: number; y: number; now: number }) {
  const rows = write.row_count === null ? '' : `, ${count(write.row_count)} rows`
  const told = `Written ${clock(write.at, now)}${write.run ? ` by ${write.run.dag_id ?? write.run.job.name}` : ', as the store tells'}${rows}`
  const dot = (
    <>
      <title>{told}</title>
      <rect x={x - 5} width={10} y={y - 10} height={20} fill="transparent" />
      <circle cx={x} cy={y} r={3.2} fill="var(--ok)" stroke="var(--surface)" strokeWidth={1} />
    </>
  )
  return write.run ? (
    <Link to="/runs/$id" params={{ id: write.run.id }} aria-label={told}>
      {dot}
    </Link>
  ) : (
    <g role="img" aria-label={told}>
      {dot}
    </g>
  )
}
