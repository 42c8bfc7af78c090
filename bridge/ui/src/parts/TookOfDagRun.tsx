import type { Run, RunDetail } from '../api/schema'
import { useApi } from '../api/client'
import { spanOf } from '../charts/lanes'
import { duration } from '../text/time'
import { Took } from './Now'

/**
 * How long a DAG run took. What Airflow says of one that was cleared is how long the last part of it
 * took; its tasks tell of the whole, as the chart of them shows it.
 */
export function TookOfDagRun({ run }: { run: Run }) {
  const detail = useApi<RunDetail>(
    `runs/${encodeURIComponent(run.id)}`,
    {},
    { enabled: run.kind === 'dag' },
  )
  const whole = spanOf(detail.data?.children ?? [])
  if (run.duration === null || whole === null || whole <= run.duration + 1)
    return <Took run={run} />
  return (
    <span
      className="num"
      title={`From its first task's start to its last task's end; ${duration(run.duration)} since it was last cleared`}
    >
      {duration(whole)}
    </span>
  )
}
