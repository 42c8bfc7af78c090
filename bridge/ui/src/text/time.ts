// Times and durations as people read them; times come as ISO 8601 in UTC, durations in seconds.

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** 38s, 2m 05s, 1h 12m, 3d 4h; below a second 120ms. */
export function duration(seconds: number): string {
  if (seconds < 0) return `-${duration(-seconds)}`
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)}ms`
  if (seconds < 9.95) return `${seconds.toFixed(1)}s`
  const whole = Math.round(seconds)
  if (whole < MINUTE) return `${whole}s`
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)}m ${two(whole % MINUTE)}s`
  if (whole < DAY)
    return `${Math.floor(whole / HOUR)}h ${two(Math.floor((whole % HOUR) / MINUTE))}m`
  return `${Math.floor(whole / DAY)}d ${Math.floor((whole % DAY) / HOUR)}h`
}

/** A rounded duration: 59m 59s is 1h, 26h 03m is 1d 2h. */
export function about(seconds: number): string {
  if (seconds < 2 * MINUTE) return duration(seconds)
  const unit = seconds < 2 * HOUR ? MINUTE : seconds < 2 * DAY ? 15 * MINUTE : HOUR
  return duration(Math.round(seconds / unit) * unit).replace(/ 0?0[smh]$/, '')
}

const STEPS = [
  0.1,
  0.25,
  0.5,
  1,
  2,
  5,
  10,
  15,
  30,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
  14 * DAY,
  30 * DAY,
]

/** Durations at which a clock is marked, from 0: about `number` of them up to `most` seconds. */
export function durationTicks(most: number, number: number): number[] {
  const step =
    STEPS.find((one) => most / one <= number + 0.5) ??
    Math.ceil(most / number / (30 * DAY)) * 30 * DAY
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, at) => at * step)
}

/** The time since, coarser the longer ago it is: now, 14m, 4h 31m, 7d 6h, 20d 12h, 2mo. */
export function age(time: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(time)) / 1000)
  if (seconds < 45) return 'now'
  if (seconds < HOUR) return `${Math.max(1, Math.floor(seconds / MINUTE))}m`
  if (seconds < DAY)
    return `${Math.floor(seconds / HOUR)}h ${two(Math.floor((seconds % HOUR) / MINUTE))}m`
  if (seconds < 60 * DAY)
    return `${Math.floor(seconds / DAY)}d ${Math.floor((seconds % DAY) / HOUR)}h`.replace(
      / 0h$/,
      '',
    )
  if (seconds < 730 * DAY) return `${Math.floor(seconds / (30.44 * DAY))}mo`
  return `${Math.floor(seconds / (365.25 * DAY))}y`
}

/** "now" or "14m ago". */
export function ago(time: string, now: number): string {
  const text = age(time, now)
  return text === 'now' ? 'just now' : `${text} ago`
}

/** A local time: 08:24, with the day when it is not today, with the year when it is not this year. */
export function clock(time: string, now: number, zone?: string): string {
  const at = new Date(time)
  const today = new Date(now)
  const day = (date: Date) =>
    format(date, { year: 'numeric', month: '2-digit', day: '2-digit' }, zone)
  const hours = format(at, { hour: '2-digit', minute: '2-digit' }, zone)
  if (day(at) === day(today)) return hours
  const year = (date: Date) => format(date, { year: 'numeric' }, zone)
  const date = format(
    at,
    { day: 'numeric', month: 'short', ...(year(at) === year(today) ? {} : { year: 'numeric' }) },
    zone,
  )
  return `${date} ${hours}`
}

/** As `clock`, to the second: 08:24:11. */
export function exact(time: string, now: number, zone?: string): string {
  return `${clock(time, now, zone)}:${two(new Date(time).getSeconds())}`
}

/** 2026-11-20 08:24:11.250 UTC, to compare with logs. */
export function utc(time: string): string {
  const [date, rest = ''] = new Date(time).toISOString().split('T')
  return `${date} ${rest.replace(/(\.000)?Z$/, '')} UTC`
}

function format(date: Date, options: Intl.DateTimeFormatOptions, zone?: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    ...options,
    hourCycle: 'h23',
    ...(zone ? { timeZone: zone } : {}),
  }).format(date)
}

const two = (value: number) => String(value).padStart(2, '0')

/** What a `datetime-local` field shows of an ISO 8601 time: the reader's own clock. */
export function toInput(time: string | undefined): string {
  const at = time ? new Date(time) : null
  if (!at || Number.isNaN(at.getTime())) return ''
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`
}

/** The moment that a `datetime-local` field was set to, in UTC. */
export function fromInput(value: string): string | undefined {
  const at = value ? new Date(value) : null
  return at && !Number.isNaN(at.getTime()) ? at.toISOString() : undefined
}
