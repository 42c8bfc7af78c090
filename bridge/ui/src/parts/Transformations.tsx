import { Badge } from './State'

type Way = Record<string, unknown>

/** How a value came from another, in words: "aggregation", "identity". */
export const transformationWords = (transformations: Way[]): string[] => [
  ...new Set(
    transformations
      .map((way) =>
        String(way.subtype || way.type || '')
          .toLowerCase()
          .replaceAll('_', ' '),
      )
      .filter(Boolean),
  ),
]

export const isMasked = (transformations: Way[]): boolean =>
  transformations.some((way) => way.masking === true)

export function Transformations({ of }: { of: Way[] }) {
  return (
    <>
      {transformationWords(of).map((word) => (
        <span key={word} className="tag">
          {word}
        </span>
      ))}
      {isMasked(of) && <Badge tone="ok">masked</Badge>}
    </>
  )
}
