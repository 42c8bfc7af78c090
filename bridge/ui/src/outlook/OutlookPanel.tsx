import { Link } from '@tanstack/react-router'
import { Siren } from 'lucide-react'
import type { ReactNode } from 'react'
import { useApi } from '../api/client'
import type { Incident, Outlook } from '../api/schema'
import { incidentStates } from '../incidents/incidents'
import { CausePath } from '../parts/CausePath'
import { Time } from '../parts/Now'
import { Answer } from '../parts/Panel'
import { Badge } from '../parts/State'
import { isDataset } from '../text/names'
import { causeKinds, sources, standings } from './words'

/** How an asset stands: standing, expectation, ETA, root cause and open incident, in one panel. */
export function OutlookPanel({ node }: { node: string }) {
  const answer = useApi<Outlook>('outlook', { node }, { keep: true })
  const incidents = useApi<{ items: Incident[] }>('incidents', { node, limit: 5 })
  const open = incidents.data?.items.find((one) => one.state !== 'resolved')
  return (
    <section className="panel" aria-label="Outlook">
      <Answer of={answer} rows={3}>
        {(outlook) => (
          <div className="panel-body outlook">
            <Headline outlook={outlook} />
            <dl className="incident-facts">
              <Expected outlook={outlook} />
              <EtaFact outlook={outlook} />
              {open && <OpenIncident incident={open} />}
            </dl>
            <Cause outlook={outlook} />
          </div>
        )}
      </Answer>
    </section>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function Headline({ outlook }: { outlook: Outlook }) {
  const [tone, word] = standings[outlook.standing]
  return (
    <p className="sentence row wrap">
      <Badge tone={tone}>{word}</Badge>
      <span>
        <Sentence outlook={outlook} />
      </span>
    </p>
  )
}

function Sentence({
  outlook: { node, standing, late_since, written_at, expectation, root_cause: cause },
}: {
  outlook: Outlook
}) {
  if (late_since)
    return (
      <>
        Late since <Time at={late_since} as="clock" />.
      </>
    )
  const ofItsData = cause?.node === node && ['failed_check', 'row_count'].includes(cause.kind)
  if (standing === 'failed')
    return ofItsData ? <>Its data is not as expected.</> : <>Its last run failed.</>
  if (standing === 'at_risk')
    return ofItsData ? (
      <>Its data is not as usual.</>
    ) : (
      <>Something upstream failed or is late, or its ETA is later than it is expected.</>
    )
  if (standing === 'ok')
    return written_at ? (
      <>
        Last written <Time at={written_at} />.
      </>
    ) : (
      <>Its last run succeeded.</>
    )
  if (!isDataset(node)) return <>No finished run yet.</>
  return expectation ? <>Not written yet.</> : <>Nothing says when it should be written.</>
}

function Expected({ outlook: { expectation } }: { outlook: Outlook }) {
  if (!expectation)
    return (
      <Fact name="Expectation">
        <span className="muted">none</span>
      </Fact>
    )
  return (
    <>
      <Fact name="Expectation">
        {expectation.text} <span className="muted">({sources[expectation.source]})</span>
      </Fact>
      <Fact name="Expected by">
        <Time at={expectation.expected_by} as="clock" />
      </Fact>
    </>
  )
}

function EtaFact({ outlook: { eta, eta_unknown, standing } }: { outlook: Outlook }) {
  if (!eta && standing === 'ok') return null
  return (
    <Fact name="ETA">
      {eta ? (
        <>
          <Time at={eta.p50} as="clock" />{' '}
          <span className="muted">
            (80%: <Time at={eta.low} as="clock" /> – <Time at={eta.high} as="clock" />
            {eta.basis ? `; ${eta.basis}` : ''})
          </span>
        </>
      ) : (
        <span className="muted">unknown{eta_unknown ? `: ${eta_unknown}` : ''}</span>
      )}
    </Fact>
  )
}

function OpenIncident({ incident }: { incident: Incident }) {
  return (
    <Fact name="Incident">
      <Link to="/incidents/$id" params={{ id: String(incident.id) }} className="link row">
        <Siren size={13} aria-hidden />#{incident.id}{' '}
        {incidentStates[incident.state][1].toLowerCase()}
        {incident.assigned_to ? `, assigned to ${incident.assigned_to}` : ''}
      </Link>
    </Fact>
  )
}

function Cause({ outlook: { root_cause: cause, standing } }: { outlook: Outlook }) {
  if (!cause)
    return standing === 'late' || standing === 'at_risk' ? (
      <p className="muted">No root cause found upstream.</p>
    ) : null
  return (
    <div className="part">
      <h3>Root cause</h3>
      <p className="row wrap">
        <Badge tone={cause.kind === 'failed_run' || cause.kind === 'import_error' ? 'bad' : 'warn'}>
          {causeKinds[cause.kind]}
        </Badge>
        <span className="grow" style={{ overflowWrap: 'anywhere' }}>
          {cause.text}, <Time at={cause.at} as="clock" />
          {cause.failures > 1 ? `, ${cause.failures} times in a row` : ''}
        </span>
      </p>
      {cause.error && (
        <pre className="error" tabIndex={0} role="region" aria-label="Error of the root cause">
          {cause.error.split('\n').slice(0, 3).join('\n')}
        </pre>
      )}
      {cause.evidence.length > 1 && (
        <ul className="evidence" aria-label="Evidence">
          {cause.evidence.map(({ at, text }) => (
            <li key={`${at} ${text}`}>
              <Time at={at} as="clock" /> {text}
            </li>
          ))}
        </ul>
      )}
      {cause.steps.length > 1 && <CausePath steps={cause.steps} />}
    </div>
  )
}
