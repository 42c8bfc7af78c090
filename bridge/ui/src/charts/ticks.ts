/** The ticks whose labels, `width` pixels wide, do not overlap. */
export function apart(ticks: Date[], x: (at: number) => number, width: number): Date[] {
  const [first, second] = ticks
  const every =
    first && second ? Math.ceil(width / Math.max(1, x(second.getTime()) - x(first.getTime()))) : 1
  return ticks.filter((_, at) => at % every === 0)
}
