import {
  Ban,
  Check,
  CircleDashed,
  Clock,
  LoaderCircle,
  RotateCw,
  SkipForward,
  TriangleAlert,
  X,
  type LucideIcon,
} from 'lucide-react'
import type { Run } from '../api/schema'
import { colorOf, type Tone, toneOf, wordOf } from '../text/state'

const icons: Record<Run['state'], LucideIcon> = {
  success: Check,
  queued: Clock,
  running: LoaderCircle,
  deferred: Clock,
  up_for_retry: RotateCw,
  failed: X,
  aborted: X,
  lost: TriangleAlert,
  upstream_failed: Ban,
  skipped: SkipForward,
  removed: SkipForward,
}

export function StateIcon({ state, size = 11 }: { state: string | null; size?: number }) {
  const Icon = icons[state as Run['state']] ?? CircleDashed
  return (
    <Icon
      size={size}
      strokeWidth={2.6}
      aria-hidden
      className={state === 'running' ? 'spin' : undefined}
    />
  )
}

/** A run state in colour, icon and word. */
export function StateBadge({ state }: { state: string | null }) {
  return (
    <span className="badge" data-tone={toneOf(state)}>
      <StateIcon state={state} />
      {wordOf(state)}
    </span>
  )
}

export function Badge({
  tone,
  children,
  title,
}: {
  tone: Tone
  children: React.ReactNode
  title?: string
}) {
  return (
    <span className="badge" data-tone={tone} title={title}>
      {children}
    </span>
  )
}

/** The newest runs as small bars, oldest first. */
export function Ticks({ states, limit = 15 }: { states: string[]; limit?: number }) {
  const shown = states.slice(-limit)
  if (!shown.length) return null
  const summary = shown.map(wordOf).join(', ')
  return (
    <span
      className="ticks"
      role="img"
      aria-label={`Last ${shown.length} runs: ${summary}`}
      title={summary}
    >
      {shown.map((state, at) => (
        // The strip is redrawn as a whole; a bar has no identity beyond its place.
        <i
          key={at}
          style={{ background: colorOf(toneOf(state)), opacity: toneOf(state) === 'ok' ? 0.55 : 1 }}
        />
      ))}
    </span>
  )
}
