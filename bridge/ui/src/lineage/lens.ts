import type { Card, Route } from '../api/schema'
import { colorOf, type Tone, toneOf } from '../text/state'
import type { Lens } from './search'

export interface Entry {
  color: string
  text: string
}

/** Whether a dataset is as fresh as is expected of it, by the server's answer. */
const freshness = {
  ok: { color: 'var(--ok)', text: 'on time' },
  late: { color: 'var(--warn)', text: 'late' },
  failed: { color: 'var(--bad)', text: 'its writer failed' },
  blocked: { color: 'var(--blk)', text: 'at risk: its writer is blocked' },
  none: { color: 'var(--non)', text: 'no expectation' },
}
const NO_OWNER = 'var(--non)'

const paces: [number, Entry][] = [
  [1.1, { color: 'var(--ok)', text: 'as usual' }],
  [1.5, { color: 'var(--warn)', text: 'slower, up to half' }],
  [Number.POSITIVE_INFINITY, { color: 'var(--bad)', text: 'much slower' }],
]
const UNKNOWN: Entry = { color: 'var(--non)', text: 'no usual duration' }

const states: Entry[] = [
  { color: 'var(--ok)', text: 'success' },
  { color: 'var(--run)', text: 'running' },
  { color: 'var(--bad)', text: 'failed' },
  { color: 'var(--blk)', text: 'blocked' },
  { color: 'var(--warn)', text: 'late, retrying or lost' },
  { color: 'var(--non)', text: 'none' },
]

const privacy = {
  tagged: { color: 'var(--accent)', text: 'tagged' },
  reached: { color: 'var(--bad)', text: 'reached, not tagged' },
  masked: { color: 'var(--ok)', text: 'masked' },
  carrying: { color: 'var(--blk)', text: 'a job that passes it on' },
  none: { color: 'var(--non)', text: 'none known' },
}

/** The jobs that carry personal data from one dataset to another. */
export function carriersOf(edges: Route[]): Set<string> {
  return new Set(
    edges.filter((edge) => edge.personal).flatMap((edge) => [edge.source, edge.target]),
  )
}

/** The colour of a card's state; a late dataset is late although its writer's last run succeeded. */
export function standingOf(card: Card): Tone {
  const tone = toneOf(card.state)
  return card.late_since && tone !== 'bad' && tone !== 'blk' ? 'warn' : tone
}

function freshnessOf(card: Card): Entry {
  if (card.kind !== 'dataset') return freshness.none
  const tone = standingOf(card)
  if (tone === 'bad') return freshness.failed
  if (tone === 'blk') return freshness.blocked
  if (card.late_since) return freshness.late
  return card.expected_by ? freshness.ok : freshness.none
}

/** The colour that a card has under a lens. */
export function colorUnder(lens: Lens, card: Card, carriers: Set<string>): string {
  if (lens === 'status') return colorOf(standingOf(card))
  if (lens === 'pii') return personal(card, carriers).color
  if (lens === 'owner') return card.owner ? ownerColor(card.owner) : NO_OWNER
  if (lens === 'freshness') return freshnessOf(card).color
  const took = card.last_run?.duration ?? null
  return entryFor(paces, took === null || !card.p50 ? null : took / card.p50, UNKNOWN).color
}

function personal(card: Card, carriers: Set<string>): Entry {
  if (card.kind === 'restricted') return privacy.none
  if (card.kind === 'job') return carriers.has(card.node) ? privacy.carrying : privacy.none
  if (card.personal_reached.length) return privacy.reached
  if (card.personal.length) return privacy.tagged
  return card.personal_masked.length ? privacy.masked : privacy.none
}

function entryFor(scale: [number, Entry][], value: number | null, none: Entry): Entry {
  if (value === null) return none
  return scale.find(([limit]) => value <= limit)?.[1] ?? none
}

/** What the colours mean under a lens. */
export function legendOf(lens: Lens, cards: Card[]): Entry[] {
  if (lens === 'status') return states
  if (lens === 'freshness') return Object.values(freshness)
  if (lens === 'pii') return Object.values(privacy)
  if (lens === 'duration') return [...paces.map(([, entry]) => entry), UNKNOWN]
  const owners = [...new Set(cards.flatMap((card) => card.owner ?? []))].sort()
  const shown = owners.slice(0, 6).map((owner) => ({ color: ownerColor(owner), text: owner }))
  return [
    ...shown,
    ...(owners.length > 6 ? [{ color: 'transparent', text: `and ${owners.length - 6} more` }] : []),
    { color: NO_OWNER, text: 'no owner' },
  ]
}

/** A colour that is the same for the same owner, everywhere. */
function ownerColor(owner: string): string {
  let hash = 0
  for (const letter of owner) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 360
  return `hsl(${hash} 58% 50%)`
}
