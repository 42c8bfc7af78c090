import type { Run } from '../api/schema'

/** What a state means to the reader; each tone has a colour, an icon and a word of its own. */
export type Tone = 'ok' | 'run' | 'bad' | 'warn' | 'blk' | 'non'

/** A run's state as the bridge names it; a dataset may be late, too. */
export type State = Run['state'] | 'late'

const tones: Record<State, Tone> = {
  success: 'ok',
  queued: 'run',
  running: 'run',
  deferred: 'run',
  up_for_retry: 'warn',
  failed: 'bad',
  aborted: 'bad',
  lost: 'warn',
  late: 'warn',
  upstream_failed: 'blk',
  skipped: 'non',
  removed: 'non',
}

const words: Record<string, string> = {
  up_for_retry: 'Up for retry',
  upstream_failed: 'Blocked',
  none: 'No run',
}

const kinds: Record<string, string> = {
  dag: 'DAG run',
  task: 'Task run',
  query: 'Query',
  job: 'Run',
  dag_file: 'Import',
}

/** What a run of this kind is called. */
export const kindOf = (kind: string) => kinds[kind] ?? `Run (${kind.replaceAll('_', ' ')})`

const jobKinds: Record<string, string> = { dag: 'DAG', dag_file: 'DAG file' }

/** What a job of this kind is called. */
export const jobKindOf = (kind: string) => jobKinds[kind] ?? kind.replaceAll('_', ' ')

export const toneOf = (state: string | null): Tone => tones[state as State] ?? 'non'

export function wordOf(state: string | null): string {
  const name = state ?? 'none'
  return words[name] ?? name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ')
}

/** Whether a run ended without having begun: it was skipped or blocked, and has no duration. */
export const neverRan = (run: { state: string; duration: number | null }) =>
  !run.duration && ['blk', 'non'].includes(toneOf(run.state))

export const colorOf = (tone: Tone) => `var(--${tone})`
