import { Link } from '@tanstack/react-router'
import type { JobItem } from '../../api/schema'
import { JobLink, Owners } from '../../parts/Names'
import { Time } from '../../parts/Now'
import { Panel } from '../../parts/Panel'
import { StateBadge, Ticks } from '../../parts/State'
import { count } from '../../text/numbers'
import { jobKindOf } from '../../text/state'

/** The DAGs, applications, projects and other jobs whose newest run failed. */
export function Failing({ jobs, total }: { jobs: JobItem[]; total: number }) {
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
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th>Job</th>
              <th>Failed</th>
              <th>Error</th>
              <th>Owner</th>
              <th>Last runs</th>
            </tr>
          </thead>
          <tbody>
            {jobs.map((job) => (
              <tr key={job.id}>
                <td className="name">
                  <JobLink job={job} />
                  {job.kind !== 'dag' && (
                    <span
                      className="faint small cut"
                      style={{ display: 'block' }}
                    >{`${jobKindOf(job.kind)} · ${job.namespace}`}</span>
                  )}
                </td>
                <td style={{ whiteSpace: 'nowrap' }}>
                  <span className="row">
                    <StateBadge state={job.last_run?.state ?? null} />
                    {job.last_run && (
                      <Link to="/runs/$id" params={{ id: job.last_run.id }} className="link small">
                        <Time at={job.last_run.ended_at ?? job.last_run.started_at} />
                      </Link>
                    )}
                  </span>
                </td>
                <td className="mono small words">
                  {job.last_run?.error?.split('\n')[0] ?? (
                    <span className="faint">no error text</span>
                  )}
                </td>
                <td>
                  <Owners of={job.owners} />
                </td>
                <td>
                  <Ticks states={job.recent} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}
