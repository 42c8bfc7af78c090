import { Panel } from '../parts/Panel'

/** What to do while nothing is known. */
export function Welcome() {
  return (
    <Panel title="Waiting for the first event">
      <p style={{ marginBottom: 10 }}>
        Point an OpenLineage producer at this bridge. In Airflow, install{' '}
        <span className="mono">airflow-provider-fairlead</span> and name this bridge in the
        configuration:
      </p>
      <pre className="code">{`[fairlead]\nurl = ${new URL('.', document.baseURI).toString().replace(/\/$/, '')}`}</pre>
    </Panel>
  )
}
