/** Those of the ticks whose words, `room` pixels wide, stand beside each other. */
export function apart(ticks: Date[], x: (at: number) => number, room: number): Date[] {
  const [first, second] = ticks
  const every =
    first && second ? Math.ceil(room / Math.max(1, x(second.getTime()) - x(first.getTime()))) : 1
  return ticks.filter((_, at) => at % every === 0)
}
