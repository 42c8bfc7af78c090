import {
  Background,
  BackgroundVariant,
  type Node,
  ReactFlow,
  useReactFlow,
  useStore,
} from '@xyflow/react'
import '@xyflow/react/dist/style.css'
import { useCallback, useEffect, useMemo, useRef } from 'react'
import type { Card, Graph } from '../api/schema'
import {
  DagCard,
  DagFrame,
  DatasetCard,
  JobCard,
  RestrictedCard,
  type UnfoldActions,
} from './Cards'
import { changesOf } from './changes'
import { Edges } from './Edges'
import { FarView } from './FarView'
import type { Neighbours, Trace } from './graph'
import { tracedEdges, pathThrough } from './graph'
import { carriersOf, colorUnder } from './lens'
import { MiniMap } from './MiniMap'
import type { Lens } from './search'
import { useView } from './visible'

const types = {
  dataset: DatasetCard,
  job: JobCard,
  dag: DagCard,
  restricted: RestrictedCard,
  frame: DagFrame,
}
/** Below this zoom, cards are rectangles on a canvas. */
const FAR = 0.34
const NEAREST = 1.8

interface Props {
  graph: Graph
  neighbours: Neighbours
  lens: Lens
  selected: string | undefined
  wanted: string[] | null // cards that match the search; null without a search
  trace: Trace | null
  scene: string // identifies the drawing: a new scene resets the view
  open: string | undefined // expanded cards, as in the URL
  anchor: { readonly current: string | undefined } // the card that stays where it is when the graph changes
  on: UnfoldActions
  onSelect: (node: string | undefined) => void
  onFocus: (node: string) => void
}

export function Board({
  graph,
  neighbours,
  lens,
  selected,
  wanted,
  trace,
  scene,
  open,
  anchor,
  on,
  onSelect,
  onFocus,
}: Props) {
  const flow = useReactFlow()
  const far = useStore((state) => state.transform[2] < FAR)
  const lit = useMemo(() => pathThrough(neighbours, selected), [neighbours, selected])
  const carriers = useMemo(() => carriersOf(graph.edges), [graph])
  const colors = useMemo(
    () => new Map(graph.cards.map((card) => [card.node, colorUnder(lens, card, carriers)])),
    [graph, lens, carriers],
  )
  const traced = useMemo(() => tracedEdges(graph, trace), [graph, trace])
  const marked = useMemo(() => wanted && new Set(wanted), [wanted])
  useArrival(graph, scene, anchor, selected)

  // Pass only the cards near the view to xyflow: there may be thousands.
  const [left, top, right, bottom] = useView()
  const nodes = useMemo<Node[]>(() => {
    if (far) return []
    const near = (box: Area) =>
      box.x <= right && box.x + box.w >= left && box.y <= bottom && box.y + box.h >= top
    const opened = new Set(changesOf(open).map(({ side, id }) => `${side} ${id}`))
    const frames: Node[] = graph.groups.filter(near).map((group) => ({
      id: group.id,
      type: 'frame',
      position: { x: group.x, y: group.y },
      width: group.w,
      height: group.h,
      zIndex: 0,
      data: { group, all: opened.has(`tasks ${group.job_id}`), on },
      selected: group.id === selected,
      ariaLabel: `DAG ${group.label}, ${group.state ?? 'no run'}`,
    }))
    const cards: Node[] = graph.cards.filter(near).map((card) => ({
      id: card.node,
      type: card.job_kind === 'dag' || card.folded ? 'dag' : card.kind,
      position: { x: card.x, y: card.y },
      width: card.w,
      height: card.h,
      zIndex: 2,
      selected: card.node === selected,
      data: {
        card,
        color: colors.get(card.node) ?? 'var(--non)',
        dim: marked
          ? !marked.has(card.node)
          : lit !== null && !lit.has(card.node) && selected !== card.group,
        found: marked?.has(card.node) ?? false,
        focus: card.node === graph.focus,
        added: { up: opened.has(`up ${card.id}`), down: opened.has(`down ${card.id}`) },
        on,
      },
      ariaLabel:
        card.kind === 'restricted'
          ? 'Restricted: in namespaces that you may not see'
          : `${card.kind === 'dataset' ? 'dataset' : (card.job_kind ?? 'job')} ${card.name}, ${card.state ?? 'no run'}`,
    }))
    return [...frames, ...cards]
  }, [graph, colors, lit, marked, selected, far, open, on, left, top, right, bottom])

  const pickFromAfar = useCallback(
    (event: React.MouseEvent) => {
      const { x, y } = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY })
      const inside = (box: { x: number; y: number; w: number; h: number }) =>
        box.x <= x && x <= box.x + box.w && box.y <= y && y <= box.y + box.h
      const card = far ? graph.cards.find(inside) : undefined
      onSelect(card?.node)
    },
    [flow, far, graph, onSelect],
  )

  return (
    <ReactFlow
      nodes={nodes}
      edges={[]}
      nodeTypes={types}
      nodesDraggable={false}
      elevateNodesOnSelect={false} // the box of a DAG stays behind its tasks
      nodesConnectable={false}
      edgesFocusable={false}
      minZoom={0.03}
      maxZoom={NEAREST}
      deleteKeyCode={null}
      disableKeyboardA11y
      zoomOnDoubleClick={false}
      onNodeClick={(_, node) => onSelect(node.id)}
      onNodeDoubleClick={(_, node) => {
        if (node.type !== 'restricted') onFocus(node.id)
      }}
      onPaneClick={pickFromAfar}
      onKeyDown={(event) => {
        const node =
          event.target instanceof HTMLElement
            ? event.target.closest('.react-flow__node')?.getAttribute('data-id')
            : null
        if (node && (event.key === 'Enter' || event.key === ' ')) {
          event.preventDefault()
          onSelect(node)
        }
      }}
    >
      <Background variant={BackgroundVariant.Dots} gap={18} size={1.2} color="var(--dot)" />
      {far ? (
        <FarView graph={graph} colors={colors} selected={selected} found={marked} />
      ) : (
        <Edges
          edges={graph.edges}
          lit={lit}
          traced={traced}
          failures={trace && trace.root.failures > 1 ? trace.root : null}
          personal={lens === 'pii'}
        />
      )}
      <MiniMap graph={graph} colors={colors} />
    </ReactFlow>
  )
}

/** Move the view to show the whole graph, or one card at a readable zoom. */
export function useMoves(graph: Graph | undefined) {
  const flow = useReactFlow()
  const width = useStore((state) => state.width)
  const height = useStore((state) => state.height)
  const all = useCallback(() => {
    if (graph && width && height) void flow.setViewport(fitting(graph, width, height))
  }, [flow, graph, width, height])
  const to = useCallback(
    (node: string) => {
      const place = graph?.cards.find((card) => card.node === node)
      if (!place) return
      const { x, y, zoom } = flow.getViewport()
      const nearer = Math.max(zoom, 0.6)
      const left = place.x * zoom + x
      const top = place.y * zoom + y
      const seen =
        zoom >= FAR &&
        left > 0 &&
        top > 0 &&
        left + place.w * zoom < width &&
        top + place.h * zoom < height
      if (!seen) void flow.setCenter(place.x + place.w / 2, place.y + place.h / 2, { zoom: nearer })
    },
    [flow, graph, width, height],
  )
  const home = useCallback(() => {
    const area = graph && areaOfFocus(graph)
    if (area) void flow.setViewport(around(area, width, height))
  }, [flow, graph, width, height])
  return { all, to, home }
}

const areaOf = (graph: Graph, node: string): Area | undefined =>
  graph.cards.find((one) => one.node === node) ?? graph.groups.find((one) => one.id === node)
const areaOfFocus = (graph: Graph): Area | undefined => areaOf(graph, graph.focus) ?? graph.cards[0]

/** The smallest zoom at which a new graph is shown whole. */
const READABLE = 0.42
const TOP = 110 // space for the status above the graph
const EDGE = 40

function fitting(graph: Graph, width: number, height: number) {
  const zoom = Math.min(
    1,
    (width - 2 * EDGE) / Math.max(1, graph.width),
    (height - TOP - EDGE - 30) / Math.max(1, graph.height),
  )
  const fitted = Math.max(0.03, zoom)
  return {
    x: (width - graph.width * fitted) / 2,
    y: TOP + (height - TOP - EDGE - graph.height * fitted) / 2,
    zoom: fitted,
  }
}

type Area = Pick<Card, 'x' | 'y' | 'w' | 'h'>

/** The view with a card in its middle; of a box that is larger, its upper left corner. */
function around(area: Area, width: number, height: number) {
  const zoom = 0.75
  const free = height - TOP - EDGE
  const x = area.w * zoom < width - 2 * EDGE ? (width - area.w * zoom) / 2 : EDGE
  const y = TOP + (area.h * zoom < free ? (free - area.h * zoom) / 2 : 0)
  return { x: x - area.x * zoom, y: y - area.y * zoom, zoom }
}

/**
 * A new graph is shown whole where it can be read, else around what is chosen in it, or its focus. When the same scene gets
 * more or less around it, the card that was anchor, or else that of the focus, stays where it is on
 * the screen. Live changes move nothing.
 */
function useArrival(
  graph: Graph,
  scene: string,
  anchor: Props['anchor'],
  selected: string | undefined,
) {
  const flow = useReactFlow()
  const width = useStore((state) => state.width)
  const height = useStore((state) => state.height)
  const shown = useRef<{ graph: Graph; scene: string } | null>(null)
  const arrived = width > 0 && height > 0
  useEffect(() => {
    if (!arrived) return
    const before = shown.current?.scene === scene ? shown.current.graph : null
    shown.current = { graph, scene }
    if (before) {
      const still = [anchor.current ?? graph.focus, graph.focus].find(
        (node) => areaOf(before, node) && areaOf(graph, node),
      )
      const was = still === undefined ? areaOfFocus(before) : areaOf(before, still)
      const is = still === undefined ? areaOfFocus(graph) : areaOf(graph, still)
      if (!was || !is || (was.x === is.x && was.y === is.y)) return
      const { x, y, zoom } = flow.getViewport()
      void flow.setViewport({ x: x + (was.x - is.x) * zoom, y: y + (was.y - is.y) * zoom, zoom })
      return
    }
    const card = (selected !== undefined && areaOf(graph, selected)) || areaOfFocus(graph)
    const whole = fitting(graph, width, height)
    if (whole.zoom >= READABLE || !card) void flow.setViewport(whole)
    else void flow.setViewport(around(card, width, height))
    // Only the graph decides; a resized window does not move it.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [graph, flow, arrived])
}
