import type { CodeVersion } from '../api/schema'
import { Patch } from '../parts/Patch'

/** What a version of SQL or source code changed against the one before. */
export function CodeDiff({ version }: { version: CodeVersion }) {
  if (!version.diff) return <p className="muted small">First known version.</p>
  return <Patch lines={version.diff} label={`What changed at ${version.first_at}`} />
}
