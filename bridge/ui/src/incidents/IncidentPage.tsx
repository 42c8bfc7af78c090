import { getRouteApi, Link } from '@tanstack/react-router'
import { useApi } from '../api/client'
import type { AffectedNode, IncidentDetail, TimelineEntry } from '../api/schema'
import { affectedStandings } from '../outlook/words'
import { CausePath } from '../parts/CausePath'
import { LineageLink, Owners } from '../parts/Names'
import { NodeLink } from '../parts/NodeLink'
import { Time } from '../parts/Now'
import { Answer, Empty, Panel } from '../parts/Panel'
import { Badge } from '../parts/State'
import { none, Table } from '../parts/Table'
import { useTrail } from '../shell/crumbs'
import { counted } from '../text/numbers'
import { IncidentActions } from './IncidentActions'
import { explainedBy, IncidentBadges, IncidentFacts } from './IncidentCard'
import { affectedText } from './incidents'

const route = getRouteApi('/incidents/$id')

/** One incident: cause, path, what it affects, and its timeline with notes. */
export default function IncidentPage() {
  const { id } = route.useParams()
  const answer = useApi<IncidentDetail>(`incidents/${encodeURIComponent(id)}`)
  useTrail(
    `Incident ${id}`,
    <Link key="incidents" to="/incidents" className="link">
      Incidents
    </Link>,
  )
  return (
    <div className="page-body">
      <Answer of={answer}>{(incident) => <Detail incident={incident} />}</Answer>
    </div>
  )
}

function Detail({ incident }: { incident: IncidentDetail }) {
  return (
    <>
      <div>
        <div className="title">
          <IncidentBadges incident={incident} />
          <span className="end row">
            {incident.run_id && (
              <Link to="/runs/$id" params={{ id: incident.run_id }} className="button">
                Run
              </Link>
            )}
            <LineageLink node={explainedBy(incident)} />
          </span>
        </div>
        <h1 className="incident-title">{incident.text}</h1>
        <div className="row wrap small" style={{ marginTop: 6 }}>
          <span className="muted">Root cause</span>
          <NodeLink node={incident.node} icon />
          <Time at={incident.at} as="clock" />
          {incident.reopened > 0 && (
            <span className="muted">reopened {counted(incident.reopened, 'time')}</span>
          )}
        </div>
      </div>
      <section className="panel">
        <div className="panel-body part">
          <IncidentFacts incident={incident} />
          {incident.path.length > 1 && (
            <CausePath steps={incident.path.map((node) => ({ node }))} />
          )}
          <IncidentActions incident={incident} whole />
        </div>
      </section>
      <Panel title="Timeline" note={counted(incident.timeline.length, 'entry', 'entries')}>
        <Timeline entries={incident.timeline} />
      </Panel>
      <Panel
        title={incident.state === 'resolved' ? 'Affected at the end' : 'Affected'}
        note={affectedText(incident)}
        flush
      >
        {incident.affected.length ? (
          <Affected nodes={incident.affected} />
        ) : (
          <Empty title="Nothing is affected now" />
        )}
      </Panel>
    </>
  )
}

const words: Record<string, string> = {
  opened: 'Opened',
  joined: 'More affected',
  cause: 'Cause changed',
  occurrence: 'Occurred again',
  severity: 'Severity changed',
  standing: 'Standing changed',
  left: 'Fresh again',
  reopened: 'Reopened',
  resolved: 'Resolved',
  acknowledged: 'Acknowledged',
  muted: 'Muted',
  assigned: 'Assigned',
  note: 'Note',
}

const wordOf = (what: string) =>
  words[what] ?? what.charAt(0).toUpperCase() + what.slice(1).replaceAll('_', ' ')

function Timeline({ entries }: { entries: TimelineEntry[] }) {
  return (
    <ol className="incident-timeline">
      {entries.map((entry, at) => (
        // Entries are only ever appended.
        <li key={at} data-note={entry.what === 'note' || undefined}>
          <Time at={entry.at} as="clock" />
          <b>{wordOf(entry.what)}</b>
          {entry.by && <span className="muted">by {entry.by}</span>}
          {entry.text && <p>{entry.text}</p>}
        </li>
      ))}
    </ol>
  )
}

function Affected({ nodes }: { nodes: AffectedNode[] }) {
  return (
    <Table
      rows={nodes}
      rowKey={(one) => one.node}
      columns={[
        {
          title: 'Asset',
          className: 'name',
          cell: (one) => <NodeLink node={one.node} label={one.label} icon />,
        },
        {
          title: 'Standing',
          cell: (one) => (
            <Badge tone={affectedStandings[one.standing][0]}>
              {affectedStandings[one.standing][1]}
            </Badge>
          ),
        },
        {
          title: 'Expected by',
          right: true,
          className: 'nowrap',
          cell: (one) => (one.expected_by ? <Time at={one.expected_by} as="clock" /> : none),
        },
        {
          title: 'ETA',
          right: true,
          className: 'nowrap',
          cell: (one) =>
            one.eta ? <Time at={one.eta} as="clock" /> : <span className="faint">unknown</span>,
        },
        {
          title: 'Owner',
          cell: (one) => <Owners of={one.owners.map((name) => ({ name, type: null }))} />,
        },
      ]}
    />
  )
}
