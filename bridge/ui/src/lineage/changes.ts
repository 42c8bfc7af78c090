// Cards that are expanded or collapsed beyond the view's settings; in the URL as text, "up:ID,down:ID:100".

export type Side = 'up' | 'down' | 'tasks' | 'dag'

/** Cards with more, and with less, than the view shows. */
export interface Changes {
  open?: string
  shut?: string
}

interface Change {
  side: Side
  id: string
  most: number
}

/** Neighbours added by one click. */
export const A_FEW = 50
const SHAPE = /^(up|down|tasks|dag):([0-9a-f]{16})(?::(\d{1,6}))?$/

export function changesOf(text: string | undefined): Change[] {
  return (text ?? '').split(',').flatMap((each) => {
    const match = SHAPE.exec(each)
    return match?.[1] && match[2]
      ? [{ side: match[1] as Side, id: match[2], most: Number(match[3] ?? A_FEW) }]
      : []
  })
}

/** As the URL has it; undefined without any. */
export function textOf(changes: Change[]): string | undefined {
  return (
    changes
      .map(({ side, id, most }) => `${side}:${id}${most === A_FEW ? '' : `:${most}`}`)
      .join(',') || undefined
  )
}

export const isIn = (text: string | undefined, side: Side, id: string) =>
  changesOf(text).some((one) => one.side === side && one.id === id)

export const put = (text: string | undefined, side: Side, id: string, most = A_FEW) =>
  textOf([
    ...changesOf(text).filter((one) => one.side !== side || one.id !== id),
    { side, id, most },
  ])
export const drop = (text: string | undefined, id: string, ...sides: Side[]) =>
  textOf(changesOf(text).filter((one) => one.id !== id || !sides.includes(one.side)))
