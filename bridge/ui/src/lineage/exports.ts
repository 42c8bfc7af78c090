import type { Graph } from '../api/schema'
import { save } from '../parts/save'
import { shortName } from '../text/names'
import { csvOf } from './graph'

/** Every edge of the graph that is drawn, as a file. */
export function saveCsv(graph: Graph) {
  save(
    new Blob(['\ufeff', csvOf(graph)], { type: 'text/csv;charset=utf-8' }),
    `${fileName(graph)}.csv`,
  )
}

/** The most that browsers draw on a canvas: pixels a side, and in all. */
const SIDE = 16_000
const PIXELS = 120_000_000
/** Below this many pixels for each of the drawing's, its words cannot be read. */
const READABLE = 0.5

/** How many pixels each of the drawing's gets in a PNG: two where that fits, fewer where it does not. */
export function scaleOf(width: number, height: number): number {
  return Math.min(2, SIDE / width, SIDE / height, Math.sqrt(PIXELS / (width * height)))
}

/** The picture that the bridge draws as SVG, as PNG. Fails with a sentence where it is too large. */
export async function savePng(address: string, graph: Graph) {
  const response = await fetch(address)
  if (!response.ok) throw new Error(`The bridge answered ${response.status}.`)
  const drawing = await response.text()
  const root = new DOMParser().parseFromString(drawing, 'image/svg+xml').documentElement
  const [width, height] = [Number(root.getAttribute('width')), Number(root.getAttribute('height'))]
  const scale = scaleOf(width, height)
  if (!(scale >= READABLE))
    throw new Error(
      `The graph is ${Math.round(width)} by ${Math.round(height)} pixels: too large for a PNG that can be read. The SVG has no such limit.`,
    )
  const image = new Image()
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(drawing)}`
  await image.decode()
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(width * scale)
  canvas.height = Math.round(height * scale)
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height)
  const content = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/png'))
  if (!content)
    throw new Error('This browser cannot draw so large a picture. The SVG has no such limit.')
  save(content, `${fileName(graph)}.png`)
}

const fileName = (graph: Graph) =>
  `lineage-${shortName(graph.focus.split(':').at(-1) ?? '')
    .replace(/[^\p{L}\p{N}_.-]+/gu, '_')
    .slice(0, 80)}`
