/** Earlier times first, unknown ones last. ISO 8601 in UTC sorts as text, but not by a locale's rules. */
export function byTime(a: string | null | undefined, b: string | null | undefined): number {
  if (!a || !b) return a ? -1 : b ? 1 : 0
  return a < b ? -1 : a > b ? 1 : 0
}
