import { Link } from '@tanstack/react-router'
import { CircleCheck } from 'lucide-react'
import { useState } from 'react'
import type { Overview, Run } from '../api/schema'
import { CloseButton } from '../parts/CloseButton'
import { Time } from '../parts/Now'

/** The first run, once it has come while this page was waiting for it; undefined otherwise. */
export function useFirstEvent(overview: Overview | undefined): Run | undefined {
  const [waited, setWaited] = useState(false)
  const jobs = overview?.counts.jobs
  if (jobs === 0 && !waited) setWaited(true)
  return waited && jobs ? overview?.recent_runs.at(-1) : undefined
}

const nodeOf = ({ job }: Run) => `job:${job.namespace}:${job.name}`

/** That the first event has come, with what to look at next. */
export function FirstEvent({ run }: { run: Run }) {
  const [closed, setClosed] = useState(false)
  if (closed) return null
  return (
    <section className="panel" aria-label="First event">
      <header role="status">
        <CircleCheck size={18} color="var(--ok)" aria-hidden />
        <h2>First event received</h2>
        <CloseButton label="Close" onClose={() => setClosed(true)} />
      </header>
      <div className="panel-body">
        <p>
          <Link to="/runs/$id" params={{ id: run.id }} className="link mono">
            {run.dag_id ?? run.label}
          </Link>{' '}
          <Time at={run.ended_at ?? run.started_at} />. See{' '}
          <Link to="/lineage" search={{ focus: nodeOf(run) }} className="link">
            its lineage
          </Link>{' '}
          and{' '}
          <Link to="/datasets" className="link">
            the datasets
          </Link>
          .
        </p>
      </div>
    </section>
  )
}
