import type { Freshness } from '../api/schema'

export interface Tooth {
  from: number // milliseconds: when it was written, or where the chart begins
  to: number // until it was written again, or now
  age: number // seconds at the end
  before: number // seconds at the beginning: 0 after a write
}

/** The age of a dataset over time: it grows until the next write, and begins anew. */
export function teethOf({
  writes,
  since,
  now,
}: Pick<Freshness, 'writes' | 'since' | 'now'>): Tooth[] {
  const begin = Date.parse(since)
  const end = Date.parse(now)
  const times = writes.map((write) => Date.parse(write.at)).filter((at) => at <= end)
  return times.flatMap((at, index) => {
    const to = times[index + 1] ?? end
    if (to <= begin) return []
    const from = Math.max(at, begin)
    return [{ from, to, age: (to - at) / 1000, before: (from - at) / 1000 }]
  })
}
