import { type LineageSearch, USUAL } from './search'

/** What of the address the bridge is asked for: the same for the graph, and for its picture. */
export function graphParams(focus: string, search: LineageSearch) {
  return {
    node: focus,
    up: search.up ?? USUAL.up,
    down: search.down ?? USUAL.down,
    limit: search.limit ?? USUAL.limit,
    view: search.view === 'data' ? 'data' : undefined,
    group: search.group,
    open: search.open,
    shut: search.shut,
    as_of: search.asOf,
  }
}
