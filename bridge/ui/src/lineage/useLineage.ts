import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import { useApi } from '../api/client'
import type { Graph, Outlook } from '../api/schema'
import { neighboursOf, traceOn } from './graph'
import { graphParams } from './graphParams'
import type { LineageSearch } from './search'

const route = getRouteApi('/lineage')

export type SetSearch = (change: LineageSearch, replace?: boolean) => void

/** The search parameters of the lineage page, and how to change some of them. */
export function useLineageSearch(): [LineageSearch, SetSearch] {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const set = useCallback<SetSearch>(
    (change, replace = true) =>
      void navigate({ search: (before) => ({ ...before, ...change }), replace }),
    [navigate],
  )
  return [search, set]
}

const isIn = (graph: Graph, node: string | undefined) =>
  graph.cards.some((card) => card.node === node) || graph.groups.some((group) => group.id === node)

const nameOf = (graph: Graph | undefined, focus: string) =>
  graph?.cards.find((card) => card.node === graph.focus)?.name ??
  graph?.groups.find((group) => group.id === graph.focus)?.label ??
  focus.split(':').at(-1) ??
  focus

/** The graph around the focus, its root cause, and what of it is selected. */
export function useLineage(focus: string, search: LineageSearch) {
  const answer = useApi<Graph>('graph', graphParams(focus, search), { keep: true })
  const why = useApi<Outlook>('outlook', { node: focus, as_of: search.asOf }, { keep: true })
  const graph = answer.data
  const outlook = why.isPlaceholderData ? undefined : why.data
  const neighbours = useMemo(() => neighboursOf(graph?.edges ?? []), [graph])
  const trace = useMemo(
    () => (graph ? traceOn(graph, outlook?.root_cause) : null),
    [graph, outlook],
  )
  // Select only what is in the graph: otherwise everything would be dimmed.
  const selected = !graph || isIn(graph, search.sel) ? search.sel : undefined
  return { answer, graph, neighbours, outlook, trace, selected, name: nameOf(graph, focus) }
}
