import { Link } from '@tanstack/react-router'
import type { Health, Overview } from '../api/schema'
import { count } from '../text/numbers'

/** How much there is, each with the way to it. */
export function Figures({ overview, health }: { overview: Overview; health: Health | undefined }) {
  const { counts } = overview
  return (
    <div className="strip">
      <Link to="/dags" className="figure">
        <b>{count(counts.dags ?? 0)}</b>
        <span>DAGs</span>
      </Link>
      <Link to="/datasets" className="figure">
        <b>{count(counts.datasets ?? 0)}</b>
        <span>datasets</span>
      </Link>
      <Link to="/runs" className="figure">
        <b>{count(counts.runs ?? 0)}</b>
        <span>runs in 24 hours</span>
      </Link>
      <Link to="/runs" search={{ state: 'running' }} className="figure">
        <b>{count(counts.running ?? 0)}</b>
        <span>running now</span>
      </Link>
      <Link to="/runs" search={{ state: 'failed' }} className="figure">
        <b style={{ color: counts.failed ? 'var(--bad-text)' : undefined }}>
          {count(counts.failed ?? 0)}
        </b>
        <span>failed in 24 hours</span>
      </Link>
      {health && (
        <Link
          to="/events"
          search={health.inbox.quarantined ? { state: 'quarantined' } : {}}
          className="figure"
        >
          <b>{count(health.inbox.waiting)}</b>
          <span>
            {health.inbox.quarantined
              ? `events waiting, ${count(health.inbox.quarantined)} quarantined`
              : 'events waiting'}
          </span>
        </Link>
      )}
    </div>
  )
}
