import type { Graph } from '../api/schema'
import { saveCsv } from '../parts/csv'
import { save } from '../parts/save'
import { shortName } from '../text/names'
import { csvOf } from './graph'

/** Download the edges of the graph as CSV. */
export const saveEdges = (graph: Graph) => saveCsv(csvOf(graph), `${fileName(graph)}.csv`)

/** The largest canvas that browsers draw: pixels a side, and in total. */
const SIDE = 16_000
const PIXELS = 120_000_000
/** The smallest scale at which text can be read. */
const READABLE = 0.5

/** The scale of a PNG: 2, or less where the canvas would be too large. */
export function scaleOf(width: number, height: number): number {
  return Math.min(2, SIDE / width, SIDE / height, Math.sqrt(PIXELS / (width * height)))
}

/** Download the server's SVG as PNG. Throws an error with a sentence if it is too large. */
export async function savePng(address: string, graph: Graph) {
  const response = await fetch(address)
  if (!response.ok) throw new Error(`The server answered ${response.status}.`)
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
    throw new Error('This browser cannot draw an image this large. The SVG has no such limit.')
  save(content, `${fileName(graph)}.png`)
}

const fileName = (graph: Graph) =>
  `lineage-${shortName(graph.focus.split(':').at(-1) ?? '')
    .replace(/[^\p{L}\p{N}_.-]+/gu, '_')
    .slice(0, 80)}`
