import { useElementSize } from '@mantine/hooks'
import { Link } from '@tanstack/react-router'
import { scaleLinear } from 'd3-scale'
import type { Run } from '../api/schema'
import { useNow } from '../parts/Now'
import { colorOf, toneOf, wordOf } from '../text/state'
import { about, clock, duration, durationTicks } from '../text/time'

const LEFT = 46
const FOOT = 18
const HEAD = 14
/** Space for a day with its year and a time. */
const LABEL = 104

/** How long the newest runs took, oldest first, with the usual duration across. */
export function Durations({
  runs,
  p50,
  p95,
  height = 120,
}: {
  runs: Run[]
  p50: number | null
  p95: number | null
  height?: number
}) {
  const { ref, width } = useElementSize()
  const now = useNow()
  const timed = runs.filter((run) => run.started_at)
  const length = (run: Run) =>
    run.duration ??
    (run.started_at && !run.ended_at ? (now - Date.parse(run.started_at)) / 1000 : 0)
  const most = Math.max(...timed.map(length), p95 ?? 0, 0.001)
  const y = scaleLinear([0, most], [height - FOOT, HEAD])
  const step = Math.min(26, (width - LEFT) / Math.max(1, timed.length))
  const x = (at: number) => LEFT + at * step
  const every = Math.max(1, Math.ceil((LABEL + 14) / Math.max(1, step)))
  if (!timed.length) return <p className="muted small">No runs yet.</p>
  return (
    <div ref={ref} style={{ width: '100%' }}>
      {width > 0 && (
        <svg
          width={width}
          height={height}
          className="bars"
          role="group"
          aria-label={`Durations of the last ${timed.length} runs${p50 === null ? '' : `, usually ${duration(p50)}`}`}
        >
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
          {p50 !== null && p95 !== null && p95 > p50 && (
            <rect
              x={LEFT}
              width={Math.max(0, width - LEFT)}
              y={y(p95)}
              height={y(p50) - y(p95)}
              fill="var(--ok)"
              opacity={0.09}
            />
          )}
          {timed.map((run, at) => {
            const tone = toneOf(run.state)
            const top = Math.min(y(length(run)), height - FOOT - 3)
            const label = `${wordOf(run.state)}, ${duration(length(run))}, ${clock(run.started_at ?? '', now)}`
            return (
              <Link key={run.id} to="/runs/$id" params={{ id: run.id }} aria-label={label}>
                <title>{label}</title>
                <rect
                  x={x(at)}
                  width={step}
                  y={HEAD}
                  height={height - FOOT - HEAD}
                  fill="transparent"
                />
                <rect
                  x={x(at) + 1}
                  width={Math.max(1.5, step - 3)}
                  y={top}
                  height={height - FOOT - top}
                  rx={2}
                  fill={colorOf(tone)}
                  opacity={tone === 'ok' ? 0.6 : 1}
                />
              </Link>
            )
          })}
          {p50 !== null && (
            <g aria-hidden>
              <line
                x1={LEFT}
                x2={width}
                y1={y(p50)}
                y2={y(p50)}
                stroke="var(--text)"
                strokeDasharray="3 3"
                opacity={0.55}
              />
              <text
                x={width}
                y={y(p50) - 4}
                fontSize={10}
                textAnchor="end"
                fill="var(--muted)"
                stroke="var(--surface)"
                strokeWidth={3}
                paintOrder="stroke"
              >
                usual {duration(p50)}
                {p95 !== null ? ` · 95% below ${duration(p95)}` : ''}
              </text>
            </g>
          )}
          {timed.map((run, at) =>
            at % every === 0 && x(at) + LABEL < width ? (
              <text
                key={run.id}
                x={x(at)}
                y={height - 4}
                fontSize={10}
                fill="var(--faint)"
                aria-hidden
              >
                {clock(run.started_at ?? '', now)}
              </text>
            ) : null,
          )}
        </svg>
      )}
    </div>
  )
}
