import { type Changes, changesOf, textOf } from './changes'

export const lenses = ['status', 'freshness', 'duration', 'pii', 'owner'] as const
export type Lens = (typeof lenses)[number]

export const views = ['data', 'columns'] as const
export type View = (typeof views)[number]

/** The state of the lineage page in the URL; defaults are left out. */
export interface LineageSearch extends Changes {
  focus?: string
  up?: number
  down?: number
  lens?: Lens
  view?: View // the whole graph if left out
  group?: 'dag' // every DAG is one card
  limit?: number // cards at most
  column?: string // in the column view: the start column; all of the focus if left out
  field?: string // in the column view: the selected column of `sel`
  find?: string // the search text for cards
  sel?: string
  asOf?: string // a moment in the past, ISO 8601
  time?: true // whether the timeline is open
}

export const USUAL = { up: 6, down: 4, lens: 'status' as Lens, limit: 300 }
export const DEEPEST = 20
/** The limits of cards, each offered when the one before is reached. */
export const limits = [300, 1000, 2000, 5000] as const

export function lineageSearch(search: Record<string, unknown>): LineageSearch {
  const focus = asText(search.focus) ?? asText(search.node) // as the REST API calls it
  const sel = asText(search.sel)
  const asOf = asMoment(search.asOf)
  const up = asDepth(search.up)
  const down = asDepth(search.down)
  const view = views.find((name) => name === search.view)
  const column = asText(search.column)
  const field = asText(search.field)
  const find = asText(search.find)
  const lens = lenses.find((name) => name === search.lens)
  const limit = limits.find((one) => one === Number(search.limit))
  const open = textOf(changesOf(asText(search.open)))
  const shut = textOf(changesOf(asText(search.shut)))
  return {
    ...(focus ? { focus } : {}),
    ...(up === undefined || up === USUAL.up ? {} : { up }),
    ...(down === undefined || down === USUAL.down ? {} : { down }),
    ...(lens && lens !== USUAL.lens ? { lens } : {}),
    ...(view ? { view } : {}),
    ...(search.group === 'dag' ? { group: 'dag' as const } : {}),
    ...(open ? { open } : {}),
    ...(shut ? { shut } : {}),
    ...(limit && limit !== USUAL.limit ? { limit } : {}),
    ...(view === 'columns' && column ? { column } : {}),
    ...(view === 'columns' && sel && field ? { field } : {}),
    ...(find ? { find } : {}),
    ...(sel ? { sel } : {}),
    ...(asOf ? { asOf } : {}),
    ...(search.time === true || asOf ? { time: true as const } : {}),
  }
}

/** A name that looks like a number was parsed as one by the router. */
const asText = (value: unknown) =>
  typeof value === 'number' ? String(value) : typeof value === 'string' && value ? value : undefined

function asMoment(value: unknown): string | undefined {
  const moment = typeof value === 'string' ? new Date(value) : null
  return moment && !Number.isNaN(moment.getTime()) ? moment.toISOString() : undefined
}

function asDepth(value: unknown): number | undefined {
  const depth = Number(value)
  if (value === undefined || value === null || value === '' || !Number.isFinite(depth))
    return undefined
  return Math.min(DEEPEST, Math.max(0, Math.round(depth)))
}
