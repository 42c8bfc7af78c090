const whole = new Intl.NumberFormat('en-US')

/** 18,204 */
export const count = (value: number) => whole.format(value)

/** 1 task, 2 tasks */
export const counted = (value: number, word: string, many = `${word}s`) =>
  `${count(value)} ${value === 1 ? word : many}`

/** 3.1 MB */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let at = 0
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000
    at += 1
  }
  return `${at && value < 100 ? value.toFixed(1) : Math.round(value)} ${units[at]}`
}

/** +48%: how a duration compares with the usual one; nothing when it hardly differs. */
export function against(
  value: number | null,
  usual: number | null,
): { percent: number; text: string } | null {
  if (value === null || usual === null || usual <= 0) return null
  const percent = Math.round((value / usual - 1) * 100)
  if (Math.abs(percent) < 2) return null
  return { percent, text: `${percent > 0 ? '+' : '−'}${count(Math.abs(percent))}%` }
}
