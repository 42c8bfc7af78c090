import { createContext, type ReactNode, useContext, useEffect, useState } from 'react'
import { neverRan } from '../text/state'
import { ago, age, clock, duration, exact, utc } from '../text/time'

const Context = createContext(Date.now())

/** One clock for the whole page, so that ages on it agree. */
export function Clock({ children }: { children: ReactNode }) {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 5_000)
    return () => clearInterval(timer)
  }, [])
  return <Context value={now}>{children}</Context>
}

/** Within it, ages are relative to a past moment. */
export function Moment({ at, children }: { at: string | undefined; children: ReactNode }) {
  const now = useNow()
  return <Context value={at ? Date.parse(at) : now}>{children}</Context>
}

export const useNow = () => useContext(Context)

type Shape = 'ago' | 'age' | 'clock' | 'exact'

/** A time in the chosen form; UTC on hover. */
export function Time({ at, as = 'ago' }: { at: string | null | undefined; as?: Shape }) {
  const now = useNow()
  if (!at) return <span className="faint">–</span>
  const text =
    as === 'clock'
      ? clock(at, now)
      : as === 'exact'
        ? exact(at, now)
        : as === 'age'
          ? age(at, now)
          : ago(at, now)
  return (
    <time dateTime={at} title={utc(at)} className="num">
      {text}
    </time>
  )
}

/** The duration of a run, or how long it has been running. */
export function RunDuration({
  run,
}: {
  run: {
    state: string
    started_at: string | null
    ended_at: string | null
    duration: number | null
  }
}) {
  const now = useNow()
  if (neverRan(run)) return <span className="faint">did not run</span>
  if (run.duration !== null) return <span className="num">{duration(run.duration)}</span>
  if (!run.started_at || run.ended_at) return <span className="faint">–</span>
  return (
    <span className="num">
      {duration(Math.max(0, (now - Date.parse(run.started_at)) / 1000))} so far
    </span>
  )
}
