import { useApi } from '../api/client'
import { Bones, Json, Problem } from './Panel'

/** An event of the log, as it came in. */
export function EventBody({ id }: { id: number }) {
  const answer = useApi<unknown>(`events/${id}`)
  if (answer.data !== undefined) return <Json of={answer.data} label="The event" />
  return answer.error ? <Problem error={answer.error} /> : <Bones rows={4} />
}
