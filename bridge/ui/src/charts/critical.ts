import type { CriticalPath } from '../api/schema'
import { duration } from '../text/time'

const SHOWN = 5

/** "load → sum → publish took 1m 40s, 97% of the run; longest was load at 1m 00s." */
export function sentenceOf({ steps, seconds, share }: CriticalPath): string {
  const names = steps.map((step) => step.task)
  const chain =
    names.length > SHOWN
      ? [...names.slice(0, 2), `${names.length - 4} more`, ...names.slice(-2)]
      : names
  const longest = steps.reduce((one, other) => (other.seconds > one.seconds ? other : one))
  const tail =
    steps.length > 1 && seconds > 0
      ? `; longest was ${longest.task} at ${duration(longest.seconds)}`
      : ''
  return `${chain.join(' → ')} took ${duration(seconds)}, ${Math.round(share * 100)}% of the run${tail}.`
}
