import { useComputedColorScheme } from '@mantine/core'
import { useStore } from '@xyflow/react'
import { useEffect, useRef } from 'react'
import type { Graph } from '../api/schema'
import { fitted, shortName } from '../text/names'

/** The whole graph from afar on one canvas: cards are rectangles, so thousands stay smooth. */
export function FarView({
  graph,
  colors,
  selected,
  found,
}: {
  graph: Graph
  colors: Map<string, string>
  selected: string | undefined
  found: Set<string> | null
}) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const transform = useStore((state) => state.transform)
  const width = useStore((state) => state.width)
  const height = useStore((state) => state.height)
  const scheme = useComputedColorScheme('light')
  useEffect(() => {
    const element = canvas.current
    const paper = element?.getContext('2d')
    if (!element || !paper) return
    const ratio = window.devicePixelRatio || 1
    element.width = width * ratio
    element.height = height * ratio
    const style = getComputedStyle(element)
    const resolved = new Map<string, string>()
    const paint = (color: string) => {
      const name = /^var\((.+)\)$/.exec(color)?.[1]
      if (!name) return color
      const known = resolved.get(name) ?? style.getPropertyValue(name).trim()
      resolved.set(name, known)
      return known
    }
    const [x, y, zoom] = transform
    paper.setTransform(ratio * zoom, 0, 0, ratio * zoom, ratio * x, ratio * y)
    paper.lineWidth = Math.min(3, 0.8 / zoom)
    paper.strokeStyle = paint('var(--line2)')
    for (const group of graph.groups) paper.strokeRect(group.x, group.y, group.w, group.h)
    paper.strokeStyle = paint('var(--edge)')
    paper.beginPath()
    for (const edge of graph.edges) {
      edge.points.forEach(([px, py], at) => {
        const before = edge.points[at - 1]
        if (!before) paper.moveTo(px, py)
        else if (Math.abs(before[1] - py) < 0.5) paper.lineTo(px, py)
        else paper.bezierCurveTo((before[0] + px) / 2, before[1], (before[0] + px) / 2, py, px, py)
      })
    }
    paper.stroke()
    for (const card of graph.cards) {
      paper.fillStyle = paint(colors.get(card.node) ?? 'var(--non)')
      paper.globalAlpha =
        found && !found.has(card.node) ? 0.15 : card.kind === 'dataset' ? 0.55 : 0.9
      paper.fillRect(card.x, card.y, card.w, card.h)
      if (card.node === selected || card.node === graph.focus || found?.has(card.node)) {
        paper.globalAlpha = 1
        paper.strokeStyle = paint('var(--accent)')
        paper.lineWidth = 3 / zoom
        paper.strokeRect(card.x, card.y, card.w, card.h)
      }
    }
    paper.globalAlpha = 1
    label(paper, graph, zoom, paint)
  }, [graph, colors, selected, found, transform, width, height, scheme])
  return (
    <canvas
      ref={canvas}
      aria-hidden
      style={{ position: 'absolute', inset: 0, width, height, pointerEvents: 'none', zIndex: 3 }}
    />
  )
}

const TEXT = 9.5 // pixels on the screen, whatever the zoom
const LETTER = 0.6 // of a letter's height: its width

/** Names of DAGs and cards, where enough characters fit. */
function label(
  paper: CanvasRenderingContext2D,
  graph: Graph,
  zoom: number,
  paint: (color: string) => string,
) {
  const size = TEXT / zoom
  paper.font = `600 ${size}px "JetBrains Mono Variable", monospace`
  paper.textBaseline = 'top'
  const write = (name: string, x: number, y: number, width: number) => {
    const characters = Math.floor(width / (size * LETTER))
    if (characters >= 6) paper.fillText(fitted(name, characters), x, y)
  }
  paper.fillStyle = paint('var(--text)')
  for (const group of graph.groups)
    write(group.label, group.x + 4 / zoom, group.y + 3 / zoom, group.w - 8 / zoom)
  const inks = {
    dataset: paint('var(--text)'),
    job: paint('var(--surface)'),
    restricted: paint('var(--surface)'),
  }
  for (const card of graph.cards) {
    paper.fillStyle = inks[card.kind]
    write(
      card.kind === 'dataset' ? shortName(card.name) : (card.label ?? card.name),
      card.x + 3 / zoom,
      card.y + (card.h - size) / 2,
      card.w - 6 / zoom,
    )
  }
}
