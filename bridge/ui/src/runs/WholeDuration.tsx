import type { Run, RunDetail } from '../api/schema'
import { useApi } from '../api/client'
import { tookOf } from '../charts/taskRows'
import { duration } from '../text/time'
import { RunDuration, useNow } from '../parts/Now'

/**
 * The duration of a run, as the chart of the runs inside it has it. For a cleared DAG run Airflow
 * reports only the time since the last clear; the whole is taken from its tasks.
 */
export function WholeDuration({ run }: { run: Run }) {
  const now = useNow()
  const detail = useApi<RunDetail>(`runs/${encodeURIComponent(run.id)}`)
  const whole = tookOf(run, detail.data?.children ?? [], now)
  if (whole === null || run.duration === whole) return <RunDuration run={run} />
  if (run.duration === null)
    return run.ended_at ? (
      <RunDuration run={run} />
    ) : (
      <span className="num">{duration(whole)} so far</span>
    )
  if (run.kind !== 'dag')
    return (
      <span className="num">
        {duration(run.duration)}, {duration(whole)} with its child runs
      </span>
    )
  return (
    <span
      className="num"
      title={`From its first task's start to its last task's end; ${duration(run.duration)} since it was last cleared`}
    >
      {duration(whole)}
    </span>
  )
}
