import type { Card } from '../api/schema'
import { colorOf, toneOf } from '../text/state'
import type { Lens } from './search'

export interface Entry {
  color: string
  text: string
}

const HOUR = 3_600_000
const ages: [number, Entry][] = [
  [HOUR, { color: 'var(--ok)', text: 'within the hour' }],
  [24 * HOUR, { color: 'var(--run)', text: 'within a day' }],
  [7 * 24 * HOUR, { color: 'var(--warn)', text: 'within a week' }],
  [Number.POSITIVE_INFINITY, { color: 'var(--bad)', text: 'longer ago' }],
]
const NEVER: Entry = { color: 'var(--non)', text: 'never seen' }

const paces: [number, Entry][] = [
  [1.1, { color: 'var(--ok)', text: 'as usual' }],
  [1.5, { color: 'var(--warn)', text: 'slower, up to half' }],
  [Number.POSITIVE_INFINITY, { color: 'var(--bad)', text: 'much slower' }],
]
const UNKNOWN: Entry = { color: 'var(--non)', text: 'nothing to compare' }

const states: Entry[] = [
  { color: 'var(--ok)', text: 'success' },
  { color: 'var(--run)', text: 'running' },
  { color: 'var(--bad)', text: 'failed' },
  { color: 'var(--blk)', text: 'blocked' },
  { color: 'var(--warn)', text: 'retrying or lost' },
  { color: 'var(--non)', text: 'none' },
]

/** The colour that a card has under a lens. */
export function colorUnder(lens: Lens, card: Card, now: number): string {
  if (lens === 'status') return colorOf(toneOf(card.state))
  if (lens === 'owner') return card.owner ? ownerColor(card.owner) : NEVER.color
  if (lens === 'freshness') {
    const at = card.kind === 'dataset' ? card.written_at : (card.last_run?.ended_at ?? null)
    return entryFor(ages, at === null ? null : now - Date.parse(at), NEVER).color
  }
  const took = card.last_run?.duration ?? null
  return entryFor(paces, took === null || !card.p50 ? null : took / card.p50, UNKNOWN).color
}

function entryFor(scale: [number, Entry][], value: number | null, none: Entry): Entry {
  if (value === null) return none
  return scale.find(([limit]) => value <= limit)?.[1] ?? none
}

/** What the colours mean under a lens. */
export function legendOf(lens: Lens, cards: Card[]): Entry[] {
  if (lens === 'status') return states
  if (lens === 'freshness') return [...ages.map(([, entry]) => entry), NEVER]
  if (lens === 'duration') return [...paces.map(([, entry]) => entry), UNKNOWN]
  const owners = [...new Set(cards.flatMap((card) => card.owner ?? []))].sort()
  const shown = owners.slice(0, 6).map((owner) => ({ color: ownerColor(owner), text: owner }))
  return [...shown, ...(owners.length > 6 ? [{ color: 'transparent', text: `and ${owners.length - 6} more` }] : []), { color: NEVER.color, text: 'no owner' }]
}

/** A colour that is the same for the same owner, everywhere. */
function ownerColor(owner: string): string {
  let hash = 0
  for (const letter of owner) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 360
  return `hsl(${hash} 58% 50%)`
}
