import { Link } from '@tanstack/react-router'
import { Share2 } from 'lucide-react'
import type { Incident } from '../api/schema'
import { causeKinds } from '../outlook/words'
import { Owners } from '../parts/Names'
import { Time } from '../parts/Now'
import { Badge } from '../parts/State'
import { IncidentActions } from './IncidentActions'
import { affectedText, incidentStates, lastEta, ownersOf, standingText } from './incidents'

const kindText = (kind: string) =>
  kind in causeKinds ? causeKinds[kind as keyof typeof causeKinds] : kind.replaceAll('_', ' ')

/** The state, severity and kind of an incident as badges. */
export function IncidentBadges({ incident }: { incident: Incident }) {
  const [tone, word] = incidentStates[incident.state]
  return (
    <span className="row wrap" style={{ gap: 5 }}>
      <Badge
        tone={
          incident.severity === 'critical' && tone === 'bad'
            ? 'bad'
            : tone === 'bad'
              ? 'warn'
              : tone
        }
      >
        {word}
      </Badge>
      {incident.state !== 'resolved' && (
        <Badge tone={incident.severity === 'critical' ? 'bad' : 'warn'}>
          {incident.severity === 'critical' ? 'Critical' : 'Warning'}
        </Badge>
      )}
      <Badge tone="non">{kindText(incident.kind)}</Badge>
      {incident.running_again && <Badge tone="run">Running again</Badge>}
    </span>
  )
}

/** What an incident affects, since when, until when, whose it is and who sees to it. */
export function IncidentFacts({ incident }: { incident: Incident }) {
  const eta = lastEta(incident)
  const owners = ownersOf(incident)
  const resolved = incident.state === 'resolved'
  return (
    <dl className="incident-facts">
      <div>
        <dt>Since</dt>
        <dd>
          <Time at={incident.opened_at} as="clock" />{' '}
          <span className="muted">
            (<Time at={incident.opened_at} />)
          </span>
        </dd>
      </div>
      <div>
        <dt>{resolved ? 'Resolved' : 'ETA'}</dt>
        <dd>
          {resolved ? (
            <Time at={incident.resolved_at} as="clock" />
          ) : eta ? (
            <Time at={eta} as="clock" />
          ) : (
            <span className="muted">unknown</span>
          )}
        </dd>
      </div>
      <div>
        <dt>Affects</dt>
        <dd>
          {affectedText(incident) || 'nothing now'}{' '}
          <span className="muted">{standingText(incident)}</span>
        </dd>
      </div>
      <div>
        <dt>Owners</dt>
        <dd>
          {owners.length ? (
            <Owners of={owners.slice(0, 4).map((name) => ({ name, type: null }))} />
          ) : (
            <span className="muted">none known</span>
          )}
          {owners.length > 4 && <span className="muted"> and {owners.length - 4} more</span>}
        </dd>
      </div>
      {incident.assigned_to && (
        <div>
          <dt>Assigned to</dt>
          <dd>{incident.assigned_to}</dd>
        </div>
      )}
      {incident.acknowledged_by && (
        <div>
          <dt>Acknowledged by</dt>
          <dd>{incident.acknowledged_by}</dd>
        </div>
      )}
    </dl>
  )
}

/** The node whose lineage explains an incident best: the first dataset affected, or the cause. */
export const explainedBy = ({ affected, node }: Incident) =>
  affected.find((each) => each.node.startsWith('dataset:'))?.node ?? affected[0]?.node ?? node

/** An incident in a list: the cause, what it affects, and what can be done. */
export function IncidentCard({ incident }: { incident: Incident }) {
  return (
    <article
      className="incident"
      data-severity={incident.severity}
      data-state={incident.state}
      aria-label={`Incident ${incident.id}`}
    >
      <header>
        <IncidentBadges incident={incident} />
        <Link
          to="/lineage"
          search={{ focus: explainedBy(incident) }}
          className="button end"
          aria-label={`Lineage of incident ${incident.id}`}
        >
          <Share2 size={14} aria-hidden />
          Lineage
        </Link>
      </header>
      <h3>
        <Link to="/incidents/$id" params={{ id: String(incident.id) }} className="link">
          {incident.text}
        </Link>
      </h3>
      <IncidentFacts incident={incident} />
      <IncidentActions incident={incident} />
    </article>
  )
}
