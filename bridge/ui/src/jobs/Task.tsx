import type { JobDetail, Run } from '../api/schema'
import { useList } from '../api/client'
import { More } from '../parts/More'
import { Answer, Facts, Empty, Panel } from '../parts/Panel'
import { RunTable } from '../runs/RunTable'
import { CodeVersions } from './CodeVersions'
import { Datasets } from './Datasets'
import { Failures } from './Failures'
import { Tasks } from './Tasks'

/** Of a task, a query or a job of another tool: its data, runs, failures, place and code. */
export function Task({ job }: { job: JobDetail }) {
  const runs = useList<Run>('runs', { namespace: job.namespace, job: job.name, limit: 25 })
  return (
    <>
      <Datasets inputs={job.inputs} outputs={job.outputs} />
      <Panel title="Runs" flush>
        <Answer of={runs}>
          {({ pages }) => {
            const items = pages.flatMap((page) => page.items)
            return items.length ? <RunTable runs={items} /> : <Empty title="No runs yet" />
          }}
        </Answer>
        <More of={runs} />
      </Panel>
      <Failures runs={runs.data?.pages.flatMap((page) => page.items) ?? []} />
      {(job.upstream_tasks.length > 0 || job.downstream_tasks.length > 0) && (
        <Panel title="In its DAG">
          <Facts
            left
            of={[
              ['After', job.upstream_tasks.join(', ')],
              ['Before', job.downstream_tasks.join(', ')],
            ]}
          />
        </Panel>
      )}
      {job.children.length > 0 && <Tasks tasks={job.children} />}
      {job.sql && (
        <Panel title="SQL">
          <pre className="code" tabIndex={0} role="region" aria-label="SQL">
            {job.sql}
          </pre>
        </Panel>
      )}
      {job.source_code && (
        <Panel title="Source code">
          <pre className="code" tabIndex={0} role="region" aria-label="Source code">
            {job.source_code}
          </pre>
        </Panel>
      )}
      <CodeVersions versions={job.code_versions} />
    </>
  )
}
