import { Link } from '@tanstack/react-router'
import type { JobItem } from '../api/schema'
import { JobLink, Owners } from '../parts/Names'
import { Time } from '../parts/Now'
import { Panel } from '../parts/Panel'
import { StateBadge, Ticks } from '../parts/State'
import { Table } from '../parts/Table'
import { count } from '../text/numbers'
import { jobKindOf } from '../text/state'

/** The DAGs, applications, projects and other jobs whose newest run failed. */
export function FailingJobs({ jobs, total }: { jobs: JobItem[]; total: number }) {
  return (
    <Panel
      title="Failing jobs"
      note={
        total > jobs.length
          ? `the newest ${count(jobs.length)} of ${count(total)}`
          : 'newest failure first'
      }
      flush
    >
      <Table
        columns={[
          {
            title: 'Job',
            className: 'name',
            cell: (job) => (
              <>
                <JobLink job={job} />
                {job.kind !== 'dag' && (
                  <span
                    className="faint small cut"
                    style={{ display: 'block' }}
                  >{`${jobKindOf(job.kind)} · ${job.namespace}`}</span>
                )}
              </>
            ),
          },
          {
            title: 'Failed',
            className: 'nowrap',
            cell: (job) => (
              <span className="row">
                <StateBadge state={job.last_run?.state ?? null} />
                {job.last_run && (
                  <Link to="/runs/$id" params={{ id: job.last_run.id }} className="link small">
                    <Time at={job.last_run.ended_at ?? job.last_run.started_at} />
                  </Link>
                )}
              </span>
            ),
          },
          {
            title: 'Error',
            className: 'mono small words',
            cell: (job) =>
              job.last_run?.error?.split('\n')[0] ?? (
                <span className="faint">no error message</span>
              ),
          },
          { title: 'Owner', cell: (job) => <Owners of={job.owners} /> },
          { title: 'Last runs', cell: (job) => <Ticks states={job.recent} /> },
        ]}
        rows={jobs}
        rowKey={(job) => job.id}
      />
    </Panel>
  )
}
