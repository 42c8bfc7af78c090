import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useApi } from '../api/client'
import type { InboxHealth, Who } from '../api/schema'
import { CopyButton } from '../parts/CopyButton'
import { Panel } from '../parts/Panel'
import { count, counted } from '../text/numbers'
import { guides, type Step } from './guides'
import { newRunId } from './runId'

/** Where this bridge is, without a slash at its end. */
const address = () => new URL('.', document.baseURI).toString().replace(/\/$/, '')

/** What to do while nothing is known; the page notices by itself when an event has come. */
export function Welcome({ inbox }: { inbox: InboxHealth | undefined }) {
  const session = useApi<Who>('session')
  const keyed = session.data !== undefined && session.data.method !== 'open'
  const [opened] = useState(() => ({ now: new Date(), runId: newRunId() }))
  const [name, setName] = useState('Airflow')
  const all = guides({ url: address(), keyed }, opened.now, opened.runId)
  const chosen = all.find((guide) => guide.name === name)
  return (
    <Panel title="Waiting for the first event" note={<Received inbox={inbox} />}>
      <div className="welcome">
        <p>Events from anything that speaks OpenLineage appear here at once. Send them from</p>
        <span className="segments" role="group" aria-label="Send events from">
          {all.map((guide) => (
            <button
              key={guide.name}
              type="button"
              aria-pressed={guide.name === name}
              onClick={() => setName(guide.name)}
            >
              {guide.name}
            </button>
          ))}
        </span>
        {keyed && <KeyNeeded isAdmin={session.data?.roles.includes('admin') ?? false} />}
        <ol className="steps">
          {chosen?.steps.map((step) => (
            <StepItem key={step.text} step={step} />
          ))}
        </ol>
      </div>
    </Panel>
  )
}

/** Events that came but are not shown yet, and why. */
function Received({ inbox }: { inbox: InboxHealth | undefined }) {
  if (inbox?.quarantined)
    return (
      <Link to="/events" search={{ state: 'quarantined' }} className="link">
        {counted(inbox.quarantined, 'event')} in quarantine: see why
      </Link>
    )
  if (inbox?.waiting) return <>{count(inbox.waiting)} received, being absorbed</>
  return null
}

function KeyNeeded({ isAdmin }: { isAdmin: boolean }) {
  return (
    <p className="muted">
      Senders need a key with the role “sender” in place of YOUR_KEY:{' '}
      {isAdmin ? (
        <Link to="/access" className="link">
          create one
        </Link>
      ) : (
        'an administrator creates one on the page “Access”'
      )}
      .
    </p>
  )
}

function StepItem({ step }: { step: Step }) {
  return (
    <li>
      <p>{step.text}</p>
      <div className="step">
        <pre className="code" tabIndex={0} role="region" aria-label={step.text}>
          {step.code}
        </pre>
        <CopyButton text={step.code} label="Copy" />
      </div>
    </li>
  )
}
