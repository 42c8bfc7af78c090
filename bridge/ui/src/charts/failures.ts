import type { Run } from '../api/schema'
import { byTime } from '../text/order'
import { taskLabel } from './taskRows'

export interface Failure {
  key: string
  text: string
  tasks: string[]
  times: number
  last: Run
}

/** An error without what differs each time: numbers, ids, times and quoted values. */
export function fingerprint(error: string): string {
  return (error.split('\n').find((line) => line.trim()) ?? '')
    .replace(/'[^']*'|"[^"]*"/g, '…')
    .replace(/\b0x[0-9a-f]+\b|\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b[0-9a-f]{12,}\b/gi, '…')
    .replace(/\d+([.:,-]\d+)*/g, '#')
    .trim()
}

/** Failed runs by what their errors have in common, most frequent first. */
export function failuresOf(runs: Run[]): Failure[] {
  const groups = new Map<string, Run[]>()
  for (const run of runs) {
    if (!run.error) continue
    const key = fingerprint(run.error)
    groups.set(key, [...(groups.get(key) ?? []), run])
  }
  const time = (run: Run) => run.ended_at ?? run.started_at
  return [...groups]
    .flatMap(([key, members]) => {
      const [last] = members.toSorted((a, b) => byTime(time(b), time(a)))
      if (!last) return []
      return [
        {
          key,
          text: last.error?.split('\n').find((line) => line.trim()) ?? key,
          tasks: [...new Set(members.map(taskLabel))].sort(),
          times: members.length,
          last,
        },
      ]
    })
    .sort((a, b) => b.times - a.times || byTime(time(b.last), time(a.last)))
}
