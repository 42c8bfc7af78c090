import type { Run } from '../api/schema'

/** When anything changed: every start and end, in milliseconds since the epoch, in order. */
export function momentsOf(runs: Run[]): number[] {
  const times = runs
    .flatMap((run) => [run.started_at, run.ended_at])
    .flatMap((time) => (time ? [Date.parse(time)] : []))
  return [...new Set(times)].sort((a, b) => a - b)
}

/**
 * The moment to show when stepping from `at`: rounded up to the millisecond that shows the event.
 * Null beyond the newest, which is now; the oldest one stays.
 */
export function stepTo(moments: number[], at: number, direction: -1 | 1): number | null {
  if (direction > 0) {
    const next = moments.find((moment) => moment + 1 > at)
    return next === undefined ? null : next + 1
  }
  const earlier = moments.filter((moment) => moment + 1 < at)
  const last = earlier.at(-1) ?? moments[0]
  return last === undefined ? null : last + 1
}

/** The shortest span, in hours, that reaches back to the oldest moment; the longest if none does. */
export function spanOf(moments: number[], now: number, spans: readonly number[]): number {
  const oldest = moments[0] ?? now
  return spans.find((hours) => now - oldest <= hours * 3_600_000) ?? spans.at(-1) ?? 24
}
