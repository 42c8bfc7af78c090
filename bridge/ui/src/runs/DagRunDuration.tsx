import type { Run, RunDetail } from '../api/schema'
import { useApi } from '../api/client'
import { spanOf } from '../charts/taskRows'
import { duration } from '../text/time'
import { RunDuration } from '../parts/Now'

/**
 * The duration of a DAG run. For a cleared run Airflow reports only the time since the
 * last clear; the whole is taken from its tasks.
 */
export function DagRunDuration({ run }: { run: Run }) {
  const detail = useApi<RunDetail>(
    `runs/${encodeURIComponent(run.id)}`,
    {},
    { enabled: run.kind === 'dag' },
  )
  const whole = spanOf(detail.data?.children ?? [])
  if (run.duration === null || whole === null || whole <= run.duration + 1)
    return <RunDuration run={run} />
  return (
    <span
      className="num"
      title={`From its first task's start to its last task's end; ${duration(run.duration)} since it was last cleared`}
    >
      {duration(whole)}
    </span>
  )
}
