import { useCallback, useEffect, useMemo, useRef } from 'react'
import type { Graph } from '../api/schema'
import type { UnfoldActions } from './Cards'
import type { Changes } from './changes'
import type { LineageSearch } from './search'
import { closed, collapsed, expanded, folded, opened, withTasks } from './unfold'
import type { SetSearch } from './useLineage'

/** The actions that expand and collapse cards; `anchor` is the card that must not move meanwhile. */
export function useUnfold(search: LineageSearch, set: SetSearch) {
  const anchor = useRef<string>(undefined)
  // The latest search parameters in a ref, so that cards are not rendered again for each change.
  const latest = useRef(search)
  useEffect(() => {
    latest.current = search
  })
  const change = useCallback(
    (node: string, what: (now: LineageSearch) => Changes) => {
      anchor.current = node
      set(what(latest.current))
    },
    [set],
  )
  const on = useMemo<UnfoldActions>(
    () => ({
      open: (card, side) =>
        change(card.node, (now) =>
          opened(now, side, card.id, side === 'up' ? card.more_upstream : card.more_downstream),
        ),
      close: (card, side) => change(card.node, (now) => closed(now, side, card.id)),
      fold: (dag, fold) => change(dag.node, (now) => folded(now, dag.id, fold, dag.isDag)),
      tasks: (group, all) => change(group.id, (now) => withTasks(now, group.job_id, all)),
    }),
    [change],
  )
  /** Expand or collapse the selected card or box. */
  const unfold = (graph: Graph | undefined, selected: string | undefined, more: boolean) => {
    const card = graph?.cards.find((one) => one.node === selected)
    const group = graph?.groups.find((one) => one.id === selected)
    if (graph && card)
      change(card.node, (now) => (more ? expanded(now, card) : collapsed(now, card, graph)))
    else if (group && more) on.tasks(group, true)
    else if (group)
      on.fold({ id: group.job_id, node: group.id, isDag: group.job_kind === 'dag' }, true)
  }
  return { on, unfold, anchor }
}
