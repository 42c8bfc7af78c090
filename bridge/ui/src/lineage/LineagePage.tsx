import { getRouteApi, Link } from '@tanstack/react-router'
import { ReactFlowProvider } from '@xyflow/react'
import { type RefObject, useCallback, useMemo, useRef, useState } from 'react'
import { useTextParam } from '../parts/Filter'
import { Moment } from '../parts/Now'
import { Empty, Problem } from '../parts/Panel'
import { useTrail } from '../shell/crumbs'
import { useKeys } from '../shell/keys'
import { shortName } from '../text/names'
import { useMoves } from './Board'
import { Canvas } from './Canvas'
import { ColumnsView } from './ColumnsView'
import { FocusStatus } from './FocusStatus'
import { found, nextCard, type Step } from './graph'
import { GraphBar } from './GraphBar'
import { GraphTable } from './GraphTable'
import { Inspector } from './Inspector'
import { KeysHelp } from './KeysHelp'
import { Privacy } from './Privacy'
import { DEEPEST, lenses, type LineageSearch, USUAL } from './search'
import { StartPage } from './StartPage'
import { dagRowsOf, tasksOf, Timeline } from './Timeline'
import { type SetSearch, useLineage, useLineageSearch } from './useLineage'
import { copyAddress, useNotice } from './useNotice'
import { useUnfold } from './useUnfold'

const route = getRouteApi('/lineage')

export default function LineagePage() {
  const { focus, view } = route.useSearch()
  if (!focus) return <StartPage />
  if (view === 'columns') return <ColumnsView focus={focus} />
  return (
    <ReactFlowProvider>
      <Lineage focus={focus} />
    </ReactFlowProvider>
  )
}

type State = ReturnType<typeof useLineage>

/** Where the reader goes in the graph: to a card, to its neighbours, to the root cause. */
function useSteps({ graph, neighbours, trace, selected }: State, set: SetSearch) {
  const moves = useMoves(graph)
  const select = useCallback((node: string | undefined) => set({ sel: node }), [set])
  const refocus = useCallback((node: string) => set({ focus: node, sel: node }, false), [set])
  const go = (node: string | undefined) => {
    if (!node) return
    select(node)
    moves.to(node)
  }
  const step = (where: Step) => {
    if (!graph) return
    const isCard = graph.cards.some((card) => card.node === selected)
    go(nextCard(graph, neighbours, isCard && selected ? selected : graph.focus, where))
  }
  return { moves, select, refocus, go, step, toRootCause: () => go(trace?.shown[0]) }
}

/** The keys that change the search parameters, such as levels, lens and view. */
function searchKeys(search: LineageSearch, set: SetSearch): Record<string, () => void> {
  const { up = USUAL.up, down = USUAL.down, time, group, view } = search
  return {
    u: () => set({ up: Math.min(DEEPEST, up + 1) }),
    U: () => set({ up: Math.max(0, up - 1) }),
    d: () => set({ down: Math.min(DEEPEST, down + 1) }),
    D: () => set({ down: Math.max(0, down - 1) }),
    g: () => set({ group: group ? undefined : 'dag' }),
    v: () => set({ view: view === 'data' ? undefined : 'data' }),
    h: () => set({ time: time ? undefined : true, asOf: undefined }),
    ...Object.fromEntries(lenses.map((name, at) => [String(at + 1), () => set({ lens: name })])),
  }
}

/** The keys that move the selection and the view. */
function stepKeys(steps: ReturnType<typeof useSteps>, selected: string | undefined) {
  return {
    o: () => selected && steps.refocus(selected),
    f: steps.moves.all,
    b: steps.toRootCause,
    Escape: () => steps.select(undefined),
    ArrowLeft: () => steps.step('left'),
    ArrowRight: () => steps.step('right'),
    ArrowUp: () => steps.step('up'),
    ArrowDown: () => steps.step('down'),
  }
}

/** The search field of the graph: its text and the cards that match. */
function useFind(state: State, search: LineageSearch, set: SetSearch) {
  const { graph } = state
  const [text, onChange] = useTextParam(search.find ?? '', (find) => set({ find }))
  const hits = useMemo(() => (graph ? found(graph, text) : []), [graph, text])
  const field: RefObject<HTMLInputElement | null> = useRef<HTMLInputElement>(null)
  return { text, onChange, hits, field }
}

function Lineage({ focus }: { focus: string }) {
  const [search, set] = useLineageSearch()
  const state = useLineage(focus, search)
  const { answer, graph, neighbours, outlook, trace, selected, name } = state
  const steps = useSteps(state, set)
  const { on, unfold, anchor } = useUnfold(search, set)
  const find = useFind(state, search, set)
  const [help, setHelp] = useState(false)
  const [table, setTable] = useState(false)
  const [problem, setProblem] = useState<string>()
  const [notice, setNotice] = useNotice()
  const { lens = USUAL.lens, limit = USUAL.limit, asOf, time } = search
  useTrail(
    shortName(name),
    <Link key="lineage" to="/lineage" search={{}} className="link">
      Lineage
    </Link>,
  )
  useKeys({
    ...searchKeys(search, set),
    ...stepKeys(steps, selected),
    e: () => unfold(graph, selected, true),
    c: () => unfold(graph, selected, false),
    t: () => setTable(!table),
    y: () => void copyAddress().then(setNotice),
    '?': () => setHelp(true),
    'Control+f': () => find.field.current?.select(),
  })
  const status =
    graph &&
    (lens === 'pii' ? (
      <Privacy graph={graph} onSelect={steps.go} />
    ) : (
      <FocusStatus graph={graph} outlook={outlook} trace={trace} onSelect={steps.go} />
    ))
  return (
    <div className="lineage">
      <h1 className="hidden-text">Lineage of {name}</h1>
      <GraphBar
        focus={focus}
        graph={graph}
        search={search}
        set={set}
        table={table}
        onTable={setTable}
        onRootCause={trace ? steps.toRootCause : null}
        onExportError={setProblem}
      />
      <div className="board">
        {answer.error && !graph ? (
          <div className="page-body">
            <Problem error={answer.error} retry={() => void answer.refetch()} />
          </div>
        ) : !graph ? (
          <Empty title="Loading the graph…" />
        ) : (
          <Moment at={asOf}>
            {table ? (
              <GraphTable graph={graph} onSelect={steps.select} selected={selected} />
            ) : (
              <Canvas
                graph={graph}
                neighbours={neighbours}
                lens={lens}
                selected={selected}
                trace={trace}
                scene={JSON.stringify([focus, search.view, search.group])}
                open={search.open}
                anchor={anchor}
                on={on}
                onSelect={steps.select}
                onFocus={steps.refocus}
                status={status}
                find={find}
                limit={limit}
                notice={notice}
                problem={problem}
                onCloseProblem={() => setProblem(undefined)}
                onLimit={(next) => set({ limit: next })}
                onGo={steps.go}
                onAll={steps.moves.all}
                onHome={steps.moves.home}
                onHelp={() => setHelp(true)}
              />
            )}
          </Moment>
        )}
      </div>
      {graph && time && (
        <Timeline
          dags={dagRowsOf(graph)}
          others={tasksOf(graph)}
          asOf={asOf}
          onChange={(moment) => set({ asOf: moment })}
          onClose={() => set({ time: undefined, asOf: undefined })}
        />
      )}
      {graph && selected && (
        <Inspector
          graph={graph}
          selected={selected}
          asOf={asOf}
          onSelect={steps.go}
          onFocus={steps.refocus}
          onClose={() => steps.select(undefined)}
        />
      )}
      <KeysHelp opened={help} onClose={() => setHelp(false)} />
    </div>
  )
}
