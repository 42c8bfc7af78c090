import type { ReliabilityItem } from '../api/schema'

/** Whether there was anything to count. */
export const hasRecord = (item: ReliabilityItem) =>
  item.promises > 0 || item.runs > 0 || item.incidents > 0

const worst = (item: ReliabilityItem) => Math.min(item.kept_share ?? 1, item.success_share ?? 1)

/** The lowest share first; among equals the one with most incidents. */
export const leastReliableFirst = (items: ReliabilityItem[]) =>
  items.toSorted(
    (a, b) => worst(a) - worst(b) || b.incidents - a.incidents || a.label.localeCompare(b.label),
  )

/** 96%, 99.6%; 100% only where nothing was missed. */
export function percent(share: number): string {
  const value = share * 100
  if (value === 100 || value < 99) return `${Math.floor(value)}%`
  return `${Math.min(99.9, Math.floor(value * 10) / 10)}%`
}
