import { useStore } from '@xyflow/react'

const MARGIN = 200

/** What part of the graph is in view, in steps, so that panning does not redraw at every pixel. */
export function useView(): [number, number, number, number] {
  const view = useStore((state) => {
    const [x, y, zoom] = state.transform
    const step = MARGIN / zoom
    const floor = (value: number) => Math.floor(value / step) * step
    const left = floor(-x / zoom) - step
    const top = floor(-y / zoom) - step
    return `${left} ${top} ${left + state.width / zoom + 3 * step} ${top + state.height / zoom + 3 * step}`
  })
  const [left = 0, top = 0, right = 0, bottom = 0] = view.split(' ').map(Number)
  return [left, top, right, bottom]
}
