import { Link } from '@tanstack/react-router'
import { TriangleAlert } from 'lucide-react'
import { useApi } from '../api/client'
import type { Durations as DurationsAnswer, JobDetail } from '../api/schema'
import { SchemaLines } from '../changes/SchemaDiff'
import { Durations } from '../charts/Durations'
import { DatasetLink, Owners, Tags } from '../parts/Names'
import { RunDuration, Time } from '../parts/Now'
import { Answer, Facts } from '../parts/Panel'
import { fitted, shortName } from '../text/names'
import { counted } from '../text/numbers'
import { duration } from '../text/time'

/** A job in the side panel: error, durations, upstream changes, facts. */
export function JobDetails({ id, asOf }: { id: string; asOf: string | undefined }) {
  const answer = useApi<JobDetail>(`jobs/${id}`, { as_of: asOf })
  const durations = useApi<DurationsAnswer>(`jobs/${id}/durations`, { limit: 24, as_of: asOf })
  return (
    <Answer of={answer}>
      {(job) => (
        <>
          {job.last_run?.error && (
            <section className="section">
              <h3>
                <TriangleAlert size={13} color="var(--bad)" aria-hidden />
                Error{job.last_run.try_number ? `, try ${job.last_run.try_number}` : ''}
                <span className="end">
                  <Time at={job.last_run.ended_at} />
                </span>
              </h3>
              <pre className="error" tabIndex={0} role="region" aria-label="Error">
                <b>{job.last_run.error}</b>
              </pre>
              <Link to="/runs/$id" params={{ id: job.last_run.id }} className="link small muted">
                Stack trace
              </Link>
            </section>
          )}
          <section className="section">
            <h3>
              Duration
              <span className="end">
                {durations.data ? `last ${counted(durations.data.runs.length, 'run')}` : ''}
              </span>
            </h3>
            <Answer of={durations} rows={3}>
              {({ runs, p50, p95 }) => <Durations runs={runs} p50={p50} p95={p95} height={104} />}
            </Answer>
          </section>
          {job.input_changes.slice(0, 3).map(({ dataset, version }) => (
            <section key={dataset.id} className="section">
              <h3>
                Upstream changes
                <span className="end" title={dataset.name}>
                  {fitted(shortName(dataset.name), 20)} v{version.version - 1} → v{version.version},{' '}
                  <Time at={version.first_at} />
                </span>
              </h3>
              <SchemaLines changes={version.changes.slice(0, 8)} />
            </section>
          ))}
          <section className="section">
            <h3>Facts</h3>
            <Facts
              of={[
                [
                  'Last run',
                  job.last_run ? (
                    <Link
                      key="run"
                      to="/runs/$id"
                      params={{ id: job.last_run.id }}
                      className="link"
                    >
                      <Time at={job.last_run.started_at ?? job.last_run.ended_at} />,{' '}
                      <RunDuration run={job.last_run} />
                    </Link>
                  ) : null,
                ],
                ['Usually', job.p50 === null ? null : duration(job.p50)],
                ['Schedule', job.schedule],
                [
                  'Operator',
                  job.operator ? (
                    <span key="operator" className="mono small">
                      {job.operator.split('.').at(-1)}
                    </span>
                  ) : null,
                ],
                ['Owner', job.owners.length ? <Owners key="owners" of={job.owners} /> : null],
                ['Tags', job.tags.length ? <Tags key="tags" of={job.tags} /> : null],
                ['Tasks', job.tasks ? job.tasks : null],
              ]}
            />
          </section>
          <References title="Reads" of={job.inputs} />
          <References title="Writes" of={job.outputs} />
        </>
      )}
    </Answer>
  )
}

function References({ title, of }: { title: string; of: JobDetail['inputs'] }) {
  if (!of.length) return null
  return (
    <section className="section">
      <h3>
        {title}
        <span className="end">{counted(of.length, 'dataset')}</span>
      </h3>
      {of.slice(0, 8).map((dataset) => (
        <div key={dataset.id} className="item">
          <DatasetLink dataset={dataset} />
        </div>
      ))}
    </section>
  )
}
