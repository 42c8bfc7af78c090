import type { SchemaVersion } from '../api/schema'
import { counted } from '../text/numbers'

/** Whether a change of columns can break who reads them, as the bridge says of each. */
export const isBreaking = (version: Pick<SchemaVersion, 'changes'>) =>
  version.changes.some((one) => one.breaking)

/** "added currency; removed day, price". */
export function changeWords({ changes }: Pick<SchemaVersion, 'changes'>): string {
  const parts = (['removed', 'type', 'added'] as const).flatMap((kind) => {
    const names = changes.filter((one) => one.change === kind).map((one) => one.column)
    if (!names.length) return []
    const listed = names.length > 3 ? counted(names.length, 'column') : names.join(', ')
    return [kind === 'type' ? `changed the type of ${listed}` : `${kind} ${listed}`]
  })
  return parts.join('; ') || 'only descriptions or the column order'
}
