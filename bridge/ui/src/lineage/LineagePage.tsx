import { Menu, Modal, useComputedColorScheme } from '@mantine/core'
import { getRouteApi, Link } from '@tanstack/react-router'
import { ReactFlowProvider } from '@xyflow/react'
import {
  Activity,
  Crosshair,
  Download,
  FileImage,
  Fingerprint,
  Gauge,
  History,
  ImageDown,
  type LucideIcon,
  Maximize2,
  Network,
  Route,
  Table2,
  Timer,
  User,
  Workflow,
} from 'lucide-react'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { Graph, Overview, RootCauseAnswer } from '../api/schema'
import { addressOf, useApi } from '../api/client'
import { useTyped } from '../parts/Filter'
import { DatasetLink, JobLink } from '../parts/Names'
import { Moment } from '../parts/Now'
import { Answer, Nothing, Panel, Problem } from '../parts/Panel'
import { useTrail } from '../shell/crumbs'
import { typing } from '../shell/keys'
import { isDataset, shortName } from '../text/names'
import { count, counted } from '../text/numbers'
import { askOf } from './ask'
import { Board, useMoves } from './Board'
import type { Unfold } from './Cards'
import { type Changes, closed, collapsed, expanded, folded, opened, withTasks } from './changes'
import { ColumnsView } from './ColumnsView'
import { saveCsv, savePng } from './exports'
import { traceOn, found, neighboursOf, nextCard, type Step } from './graph'
import { GraphTable } from './GraphTable'
import { Inspector } from './Inspector'
import { legendOf } from './lens'
import { DEEPEST, type Lens, lenses, limits, type LineageSearch, USUAL } from './search'
import { lanesOf, tasksOf, Timeline } from './Timeline'
import { Find, Stepper, Tool, Views } from './Toolbar'
import { Privacy, Verdict } from './Verdict'

const route = getRouteApi('/lineage')
const icons: Record<Lens, LucideIcon> = {
  status: Activity,
  freshness: Timer,
  duration: Gauge,
  pii: Fingerprint,
  owner: User,
}
const words: Record<Lens, string> = {
  status: 'Status',
  freshness: 'Freshness',
  duration: 'Duration',
  pii: 'PII',
  owner: 'Owner',
}

export default function LineagePage() {
  const { focus, view } = route.useSearch()
  if (!focus) return <Start />
  if (view === 'columns') return <ColumnsView focus={focus} />
  return (
    <ReactFlowProvider>
      <Lineage focus={focus} />
    </ReactFlowProvider>
  )
}

/** Without a focus there is nothing to draw yet: offer where to begin. */
function Start() {
  useTrail('Lineage')
  const overview = useApi<Overview>('overview')
  return (
    <div className="page-body">
      <div>
        <div className="title">
          <h1>Lineage of what?</h1>
        </div>
        <p className="muted">
          Choose where to begin, or search for anything with <kbd>/</kbd> and open its lineage with{' '}
          <kbd>⇧↵</kbd>.
        </p>
      </div>
      <Answer of={overview}>
        {({ failing, stale, recent_runs: recent }) => {
          const dags = [
            ...new Map(
              recent.map((run) => [`${run.job.namespace}:${run.job.name}`, run.job]),
            ).values(),
          ]
          if (!failing.length && !stale.length && !dags.length)
            return (
              <Nothing title="No lineage is known yet">
                It grows with the first events that name inputs and outputs.
              </Nothing>
            )
          return (
            <div className="columns">
              {failing.length > 0 && (
                <Panel title="Failing jobs">
                  {failing.map((dag) => (
                    <div key={dag.id} className="item">
                      <JobLink job={dag} />
                      <Link to="/lineage" search={{ focus: dag.node }} className="button end">
                        Lineage
                      </Link>
                    </div>
                  ))}
                </Panel>
              )}
              {dags.length > 0 && (
                <Panel title="Jobs that ran last">
                  {dags.map((job) => (
                    <div key={`${job.namespace}:${job.name}`} className="item">
                      <span className="mono cut">{job.name}</span>
                      <Link
                        to="/lineage"
                        search={{ focus: `job:${job.namespace}:${job.name}` }}
                        className="button end"
                      >
                        Lineage
                      </Link>
                    </div>
                  ))}
                </Panel>
              )}
              {stale.length > 0 && (
                <Panel title="Datasets">
                  {stale.map((dataset) => (
                    <div key={dataset.id} className="item">
                      <DatasetLink dataset={dataset} platform={dataset.platform} />
                      <Link to="/lineage" search={{ focus: dataset.node }} className="button end">
                        Lineage
                      </Link>
                    </div>
                  ))}
                </Panel>
              )}
            </div>
          )
        }}
      </Answer>
    </div>
  )
}

function Lineage({ focus }: { focus: string }) {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const {
    up = USUAL.up,
    down = USUAL.down,
    lens = USUAL.lens,
    limit = USUAL.limit,
    asOf,
    time,
  } = search
  const answer = useApi<Graph>('graph', askOf(focus, search), { keep: true })
  const graph = answer.data
  // What is not in the graph cannot be chosen in it: all else would be dimmed for nothing.
  const sel = !graph || isIn(graph, search.sel) ? search.sel : undefined
  const neighbours = useMemo(() => neighboursOf(graph?.edges ?? []), [graph])
  const why = useApi<RootCauseAnswer>('root-cause', { node: focus, as_of: asOf }, { keep: true })
  const standing = why.isPlaceholderData ? undefined : why.data
  const trace = useMemo(
    () => (graph ? traceOn(graph, standing?.root_cause) : null),
    [graph, standing],
  )
  const set = useCallback(
    (change: LineageSearch, replace = true) =>
      void navigate({ search: (before) => ({ ...before, ...change }), replace }),
    [navigate],
  )
  const [wanted, setWanted] = useTyped(search.find ?? '', (find) => set({ find }))
  const hits = useMemo(() => (graph ? found(graph, wanted) : []), [graph, wanted])
  const findField = useRef<HTMLInputElement>(null)
  const moves = useMoves(graph)
  const scheme = useComputedColorScheme('light')
  const [help, setHelp] = useState(false)
  const [table, setTable] = useState(false)
  const [trouble, setTrouble] = useState<string>()
  const [notice, setNotice] = useNotice()
  const held = useRef<string>(undefined)
  const picture = addressOf('graph.svg', { ...askOf(focus, search), theme: scheme })
  const name =
    graph?.cards.find((card) => card.node === graph.focus)?.name ??
    graph?.groups.find((group) => group.id === graph.focus)?.label ??
    focus.split(':').at(-1) ??
    focus
  useTrail(
    shortName(name),
    <Link key="lineage" to="/lineage" search={{}} className="link">
      Lineage
    </Link>,
  )

  const select = useCallback((node: string | undefined) => set({ sel: node }), [set])
  const refocus = useCallback((node: string) => set({ focus: node, sel: node }, false), [set])
  // The latest address, for whoever asks later: cards must not be drawn anew for each change of it.
  const latest = useRef({ search, graph })
  useEffect(() => {
    latest.current = { search, graph }
  })
  const change = useCallback(
    (node: string, what: (now: LineageSearch) => Changes) => {
      held.current = node
      set(what(latest.current.search))
    },
    [set],
  )
  const on = useMemo<Unfold>(
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
  /** The chosen card and everything that it counts; a box with all its tasks; or less of it again. */
  const unfold = useCallback(
    (more: boolean) => {
      const card = graph?.cards.find((one) => one.node === sel)
      const group = graph?.groups.find((one) => one.id === sel)
      if (graph && card)
        change(card.node, (now) => (more ? expanded(now, card) : collapsed(now, card, graph)))
      else if (group && more) on.tasks(group, true)
      else if (group)
        on.fold({ id: group.job_id, node: group.id, isDag: group.job_kind === 'dag' }, true)
    },
    [graph, sel, change, on],
  )
  const toCause = useCallback(() => {
    const node = trace?.shown[0]
    if (!node) return
    select(node)
    moves.to(node)
  }, [trace, select, moves])
  const step = useCallback(
    (where: Step) => {
      if (!graph) return
      const next = nextCard(
        graph,
        neighbours,
        sel && graph.cards.some((card) => card.node === sel) ? sel : graph.focus,
        where,
      )
      if (next) {
        select(next)
        moves.to(next)
      }
    },
    [graph, neighbours, sel, select, moves],
  )

  useEffect(() => {
    const keys: Record<string, () => void> = {
      u: () => set({ up: Math.min(DEEPEST, up + 1) }),
      U: () => set({ up: Math.max(0, up - 1) }),
      d: () => set({ down: Math.min(DEEPEST, down + 1) }),
      D: () => set({ down: Math.max(0, down - 1) }),
      e: () => unfold(true),
      c: () => unfold(false),
      o: () => sel && refocus(sel),
      g: () => set({ group: search.group ? undefined : 'dag' }),
      v: () => set({ view: search.view === 'data' ? undefined : 'data' }),
      f: moves.all,
      b: toCause,
      h: () => set({ time: time ? undefined : true, asOf: undefined }),
      t: () => setTable((now) => !now),
      y: () => void copyAddress().then(setNotice),
      '?': () => setHelp(true),
      Escape: () => select(undefined),
      ArrowLeft: () => step('left'),
      ArrowRight: () => step('right'),
      ArrowUp: () => step('up'),
      ArrowDown: () => step('down'),
      ...Object.fromEntries(lenses.map((name, at) => [String(at + 1), () => set({ lens: name })])),
    }
    const onKey = (event: KeyboardEvent) => {
      if (
        (event.metaKey || event.ctrlKey) &&
        !event.shiftKey &&
        !event.altKey &&
        event.key === 'f'
      ) {
        event.preventDefault()
        findField.current?.select()
        return
      }
      if (typing(event) || event.metaKey || event.ctrlKey || event.altKey) return
      const act = keys[event.key]
      if (!act) return
      if (event.key.startsWith('Arrow')) event.preventDefault()
      act()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [
    up,
    down,
    sel,
    time,
    search.group,
    search.view,
    set,
    select,
    refocus,
    unfold,
    moves,
    toCause,
    step,
    setNotice,
  ])

  return (
    <div className="lineage">
      <h1 className="hidden-text">Lineage of {name}</h1>
      <div className="bar">
        <Views
          view={search.view}
          ofDataset={isDataset(graph?.focus ?? focus)}
          onChange={(view) => set({ view, sel: undefined }, false)}
        />
        <div className="segments" role="group" aria-label="Colour the cards by">
          {lenses.map((one) => {
            const Icon = icons[one]
            return (
              <button
                key={one}
                type="button"
                aria-pressed={lens === one}
                onClick={() => set({ lens: one })}
              >
                <Icon size={13} aria-hidden />
                {words[one]}
              </button>
            )
          })}
        </div>
        <Stepper label="Upstream" value={up} onChange={(next) => set({ up: next })} />
        <Stepper label="Downstream" value={down} onChange={(next) => set({ down: next })} />
        {search.view !== 'data' && (
          <button
            type="button"
            className="button"
            aria-pressed={search.group === 'dag'}
            title="Each DAG as one card (g)"
            onClick={() => set({ group: search.group ? undefined : 'dag' })}
          >
            <Workflow size={14} aria-hidden />
            Group by DAG
          </button>
        )}
        {trace && (
          <button type="button" className="button" title="To the root cause (b)" onClick={toCause}>
            <Route size={14} color="var(--bad)" aria-hidden />
            Root cause
          </button>
        )}
        <span className="end" />
        <Tool
          label={time ? 'Close time travel' : 'Time travel (h)'}
          onClick={() => set({ time: time ? undefined : true, asOf: undefined })}
          Icon={History}
        />
        <Tool
          label={table ? 'Show the graph' : 'Show as a table'}
          onClick={() => setTable(!table)}
          Icon={table ? Network : Table2}
        />
        {graph && (
          <Menu position="bottom-end" withinPortal={false} withInitialFocusPlaceholder={false}>
            <Menu.Target>
              <button type="button" className="icon-button" aria-label="Save the graph">
                <Download size={15} aria-hidden />
              </button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item
                component="a"
                href={picture}
                download
                leftSection={<ImageDown size={15} aria-hidden />}
              >
                As a picture (SVG)
              </Menu.Item>
              <Menu.Item
                onClick={() =>
                  savePng(picture, graph).then(
                    () => setTrouble(undefined),
                    (error: unknown) =>
                      setTrouble(error instanceof Error ? error.message : String(error)),
                  )
                }
                leftSection={<FileImage size={15} aria-hidden />}
              >
                As a picture (PNG)
              </Menu.Item>
              <Menu.Item
                onClick={() => saveCsv(graph)}
                leftSection={<Table2 size={15} aria-hidden />}
              >
                Its edges as a table (CSV)
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </div>
      <div className="board">
        {answer.error && !graph ? (
          <div className="page-body">
            <Problem error={answer.error} retry={() => void answer.refetch()} />
          </div>
        ) : !graph ? (
          <Nothing title="Drawing…" />
        ) : table ? (
          <Moment at={asOf}>
            <GraphTable graph={graph} onSelect={select} selected={sel} />
          </Moment>
        ) : (
          <Moment at={asOf}>
            <div className="corner">
              <span className="muted small num" role="status">
                {graph
                  ? [
                      `${count(graph.cards.length)} cards`,
                      graph.folded ? `${counted(graph.folded, 'job')} on the edges` : '',
                      graph.truncated ? `${count(graph.truncated)} beyond the limit` : '',
                    ]
                      .filter(Boolean)
                      .join(', ')
                  : ''}
              </span>
              {graph && graph.truncated > 0 && (
                <More limit={limit} onChange={(next) => set({ limit: next })} />
              )}
              <Find
                field={findField}
                value={wanted}
                hits={hits}
                at={sel}
                onChange={setWanted}
                onJump={(node) => (select(node), moves.to(node))}
              />
            </div>
            {lens === 'pii' ? (
              <Privacy graph={graph} onSelect={(node) => (select(node), moves.to(node))} />
            ) : (
              <Verdict
                graph={graph}
                neighbours={neighbours}
                standing={standing}
                trace={trace}
                onSelect={(node) => (select(node), moves.to(node))}
              />
            )}
            {notice && (
              <div className="trouble" role="status">
                {notice}
              </div>
            )}
            {trouble && (
              <div className="trouble" role="alert">
                {trouble}
                <button type="button" className="button" onClick={() => setTrouble(undefined)}>
                  Close
                </button>
              </div>
            )}
            <Legend lens={lens} graph={graph} />
            <Board
              graph={graph}
              neighbours={neighbours}
              lens={lens}
              selected={sel}
              wanted={wanted.trim() ? hits : null}
              trace={trace}
              scene={JSON.stringify([focus, search.view, search.group])}
              open={search.open}
              held={held}
              on={on}
              onSelect={select}
              onFocus={refocus}
            />
            <div className="tools">
              <Tool label="Show all (f)" onClick={moves.all} Icon={Maximize2} />
              <Tool label="Back to the focus" onClick={moves.home} Icon={Crosshair} />
              <button type="button" className="keys" onClick={() => setHelp(true)}>
                <kbd>e</kbd> expand <kbd>c</kbd> collapse{' '}
                {trace && (
                  <>
                    <kbd>b</kbd> root cause{' '}
                  </>
                )}
                <kbd>?</kbd> all keys
              </button>
            </div>
          </Moment>
        )}
      </div>
      {graph && time && (
        <Timeline
          lanes={lanesOf(graph)}
          others={tasksOf(graph)}
          asOf={asOf}
          onChange={(moment) => set({ asOf: moment })}
          onClose={() => set({ time: undefined, asOf: undefined })}
        />
      )}
      {graph && sel && (
        <Inspector
          graph={graph}
          neighbours={neighbours}
          selected={sel}
          asOf={asOf}
          onSelect={(node) => (select(node), moves.to(node))}
          onFocus={refocus}
          onClose={() => select(undefined)}
        />
      )}
      <Keys opened={help} onClose={() => setHelp(false)} />
    </div>
  )
}

const isIn = (graph: Graph, node: string | undefined) =>
  graph.cards.some((card) => card.node === node) || graph.groups.some((group) => group.id === node)

async function copyAddress(): Promise<string> {
  try {
    await navigator.clipboard.writeText(location.href)
    return 'The address of this view is copied.'
  } catch {
    return 'The browser does not allow copying here: take the address from its bar.'
  }
}

/** A sentence that goes away by itself. */
function useNotice(): [string | undefined, (text: string) => void] {
  const [notice, setNotice] = useState<string>()
  useEffect(() => {
    const timer = notice ? setTimeout(() => setNotice(undefined), 4_000) : undefined
    return () => clearTimeout(timer)
  }, [notice])
  return [notice, setNotice]
}

/** Beyond the limit the rest is counted; here more of it is brought. */
function More({ limit, onChange }: { limit: number; onChange: (limit: number) => void }) {
  const next = limits.find((one) => one > limit)
  if (!next) return null
  return (
    <button type="button" className="button" onClick={() => onChange(next)}>
      Show {count(next)}
    </button>
  )
}

function Legend({ lens, graph }: { lens: Lens; graph: Graph }) {
  const entries = useMemo(() => legendOf(lens, graph.cards), [lens, graph])
  return (
    <div className="legend">
      {entries.map((entry) => (
        <span key={entry.text}>
          <i style={{ background: entry.color }} />
          {entry.text}
        </span>
      ))}
    </div>
  )
}

const keys: [string, string][] = [
  ['/', 'Search everything'],
  ['Ctrl F', 'Find in the graph; Enter jumps from card to card'],
  ['u  d', 'One level more up, down; with shift one fewer'],
  ['e  c', 'Expand the chosen card or box, collapse it'],
  ['o', 'Make the chosen card the focus'],
  ['g', 'Each DAG as one card'],
  ['v', 'Datasets alone'],
  ['← ↑ ↓ →', 'To the neighbour'],
  ['b', 'To the root cause'],
  ['f', 'Show the whole graph'],
  ['1 – 5', 'Status, freshness, duration, PII, owner'],
  ['h', 'Time travel'],
  ['[  ]', 'There: to the event before, after'],
  ['t', 'The same as a table'],
  ['y', 'Copy the address of this view'],
  ['Esc', 'Choose nothing'],
]

function Keys({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Keys"
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <dl className="facts left">
        {keys.map(([key, text]) => (
          <div key={key} style={{ display: 'contents' }}>
            <dt>
              {key.split(/ {2}/).map((one) => (
                <kbd key={one} style={{ marginRight: 4 }}>
                  {one}
                </kbd>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  )
}
