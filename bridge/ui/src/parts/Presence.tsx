import { Badge } from './State'

/** Whether something is still there: gone from Airflow, or named by no event for long. */
export function Presence({ stale, gone }: { stale: boolean; gone?: boolean }) {
  if (gone)
    return (
      <Badge tone="non" title="Airflow no longer has it, as far as events say">
        gone
      </Badge>
    )
  if (stale)
    return (
      <Badge tone="non" title="No event has named it for long">
        stale
      </Badge>
    )
  return null
}
