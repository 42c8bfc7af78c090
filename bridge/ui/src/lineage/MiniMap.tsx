import { useReactFlow, useStore } from '@xyflow/react'
import { type PointerEvent, useMemo } from 'react'
import type { Graph } from '../api/schema'

const WIDTH = 176
const HEIGHT = 92
const PAD = 8

/** The whole graph small, with the part in view; a click or a drag goes there. */
export function MiniMap({ graph, colors }: { graph: Graph; colors: Map<string, string> }) {
  const flow = useReactFlow()
  const [x, y, zoom] = useStore((state) => state.transform)
  const width = useStore((state) => state.width)
  const height = useStore((state) => state.height)
  const scale = Math.min(
    (WIDTH - 2 * PAD) / Math.max(1, graph.width),
    (HEIGHT - 2 * PAD) / Math.max(1, graph.height),
  )
  const left = (WIDTH - graph.width * scale) / 2
  const top = (HEIGHT - graph.height * scale) / 2
  // Drawn once for each graph: a moved view changes only the frame around what is in it.
  const cards = useMemo(() => {
    const places = new Map<string, string>()
    for (const card of graph.cards) {
      const key = `${card.kind === 'dataset' ? 0.5 : 0.9} ${colors.get(card.node) ?? 'var(--non)'}`
      const path = `M${card.x} ${card.y}h${card.w}v${card.h}h${-card.w}z`
      places.set(key, (places.get(key) ?? '') + path)
    }
    return [...places].map(([key, path]) => (
      <path key={key} d={path} fill={key.slice(4)} opacity={Number(key.slice(0, 3))} />
    ))
  }, [graph, colors])
  const go = (event: PointerEvent<SVGSVGElement>) => {
    if (event.type === 'pointermove' && event.buttons !== 1) return
    const box = event.currentTarget.getBoundingClientRect()
    void flow.setCenter(
      (event.clientX - box.left - left) / scale,
      (event.clientY - box.top - top) / scale,
      { zoom },
    )
  }
  return (
    <svg
      className="minimap"
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label="The whole graph, and the part in view"
      onPointerDown={go}
      onPointerMove={go}
      style={{
        position: 'absolute',
        right: 12,
        bottom: 12,
        zIndex: 5,
        background: 'var(--raised)',
        border: '1px solid var(--line)',
        borderRadius: 10,
        cursor: 'pointer',
        touchAction: 'none',
      }}
    >
      <g transform={`translate(${left} ${top}) scale(${scale})`}>
        {cards}
        <rect
          x={-x / zoom}
          y={-y / zoom}
          width={width / zoom}
          height={height / zoom}
          fill="var(--accent)"
          fillOpacity={0.07}
          stroke="var(--accent)"
          strokeWidth={1.2 / scale}
          rx={10 / scale / 4}
        />
      </g>
    </svg>
  )
}
