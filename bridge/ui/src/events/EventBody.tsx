import { useApi } from '../api/client'
import { Skeleton, Json, Problem } from '../parts/Panel'

/** An event of the log, as it came in. */
export function EventBody({ id }: { id: number }) {
  const answer = useApi<unknown>(`events/${id}`)
  if (answer.data !== undefined) return <Json of={answer.data} label="Event" />
  return answer.error ? <Problem error={answer.error} /> : <Skeleton rows={4} />
}
