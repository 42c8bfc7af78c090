import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Incident } from '../api/schema'
import { IncidentCard } from '../incidents/IncidentCard'
import { atRisk } from '../incidents/incidents'
import { NodeLink } from '../parts/NodeLink'
import { Time } from '../parts/Now'
import { Empty, Panel } from '../parts/Panel'
import { none, Table } from '../parts/Table'
import { count, counted } from '../text/numbers'

const FIRST = 5

interface OpenProps {
  incidents: Incident[]
  muted: number
  more: boolean // there are more than are listed
}

/** The open incidents, in the order of the server: the worst first. */
export function OpenIncidents({ incidents, muted, more }: OpenProps) {
  const [all, setAll] = useState(false)
  const shown = all ? incidents : incidents.slice(0, FIRST)
  return (
    <section className="panel" aria-label="Open incidents">
      <header>
        <h2>Open incidents</h2>
        <span className="end row">
          {more ? `the worst ${count(incidents.length)}` : 'worst first'}
          {muted > 0 && (
            <Link to="/incidents" search={{ state: 'muted' }} className="link">
              {count(muted)} muted
            </Link>
          )}
          <Link to="/incidents" className="link">
            all incidents
          </Link>
        </span>
      </header>
      <div className="incidents">
        {shown.map((incident) => (
          <IncidentCard key={incident.id} incident={incident} />
        ))}
        {!shown.length && <Empty title="No open incidents" />}
      </div>
      {shown.length < incidents.length && (
        <div className="more">
          <button type="button" className="button" onClick={() => setAll(true)}>
            Show all {count(incidents.length)}
          </button>
        </div>
      )}
    </section>
  )
}

const MOST = 12

/** Datasets that will be late if nothing changes, the next first. */
export function AtRisk({ incidents }: { incidents: Incident[] }) {
  const items = atRisk(incidents)
  if (!items.length) return null
  return (
    <Panel
      title="At risk"
      note={
        items.length > MOST
          ? `the next ${MOST} of ${counted(items.length, 'dataset')}`
          : counted(items.length, 'dataset')
      }
      flush
    >
      <Table
        rows={items.slice(0, MOST)}
        rowKey={({ incident, affected }) => `${incident.id} ${affected.node}`}
        columns={[
          {
            title: 'Dataset',
            className: 'name',
            cell: ({ affected }) => <NodeLink node={affected.node} label={affected.label} icon />,
          },
          {
            title: 'Late at',
            right: true,
            className: 'nowrap',
            cell: ({ affected }) =>
              affected.expected_by ? <Time at={affected.expected_by} as="clock" /> : none,
          },
          {
            title: 'ETA',
            right: true,
            className: 'nowrap',
            cell: ({ affected }) =>
              affected.eta ? (
                <Time at={affected.eta} as="clock" />
              ) : (
                <span className="faint">unknown</span>
              ),
          },
          {
            title: 'Because of',
            className: 'words',
            cell: ({ incident }) => (
              <Link to="/incidents/$id" params={{ id: String(incident.id) }} className="link">
                {incident.text}
              </Link>
            ),
          },
          {
            title: 'Owner',
            cell: ({ affected }) => (affected.owners.length ? affected.owners.join(', ') : none),
          },
        ]}
      />
    </Panel>
  )
}
