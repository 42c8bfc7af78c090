import type { Graph } from '../api/schema'
import { shortName } from '../text/names'
import { csvOf } from './graph'

/** Every edge of the graph that is drawn, as a file. */
export function saveCsv(graph: Graph) {
  save(new Blob(['\ufeff', csvOf(graph)], { type: 'text/csv;charset=utf-8' }), `${fileName(graph)}.csv`)
}

const fileName = (graph: Graph) => `lineage-${shortName(graph.focus.split(':').at(-1) ?? '').replace(/[^\p{L}\p{N}_.-]+/gu, '_').slice(0, 80)}`

function save(content: Blob, name: string) {
  const address = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 1000)
}
