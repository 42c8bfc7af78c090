/** One command or file to copy, and what it is for. */
export interface Step {
  text: string
  code: string
}

export interface Guide {
  name: string
  steps: Step[]
}

interface Receiver {
  url: string // of this bridge, without a slash at its end
  keyed: boolean // whether senders need a key
}

const KEY = 'YOUR_KEY'

/** How each producer is made to send its events to this bridge. */
export function guides({ url, keyed }: Receiver, now: Date, runId: string): Guide[] {
  return [
    { name: 'Airflow', steps: airflow(url, keyed) },
    { name: 'Spark', steps: spark(url, keyed) },
    { name: 'dbt', steps: dbt(url, keyed) },
    { name: 'Python', steps: python(url, keyed) },
    { name: 'Test event', steps: [testEvent(url, keyed, now, runId)] },
  ]
}

function airflow(url: string, keyed: boolean): Step[] {
  const { host, protocol, pathname } = new URL(url)
  const secret = keyed ? `:${KEY}@` : ''
  const schema = protocol === 'https:' ? '/https' : ''
  const connection = {
    text: 'Or, instead of the address in the environment, in a connection:',
    code: `airflow connections add fairlead_default --conn-uri 'fairlead://${secret}${host}${schema}'`,
  }
  return [
    {
      text: 'Build the provider from a checkout, and install it where Airflow’s scheduler, workers and API server run:',
      code: 'pip wheel --no-deps --wheel-dir dist ./sdk ./provider\npip install dist/*.whl',
    },
    {
      text: 'Name this bridge in their environment, with a namespace for each Airflow:',
      code: lines(
        `export AIRFLOW__FAIRLEAD__URL=${url}`,
        keyed && `export AIRFLOW__FAIRLEAD__API_KEY=${KEY}`,
        'export AIRFLOW__OPENLINEAGE__NAMESPACE=prod',
      ),
    },
    // The URI of a connection has no place for a path.
    ...(pathname === '/' ? [connection] : []),
    {
      text: 'Check the way to this bridge; the first line says what is wrong:',
      code: 'python -m fairlead_airflow doctor',
    },
    {
      text: 'Import the states and durations of runs that ended before, where the bridge runs:',
      code: 'fairlead-bridge import airflow --url http://airflow:8080 --user @credentials --namespace prod',
    },
  ]
}

function spark(url: string, keyed: boolean): Step[] {
  const settings = [
    'spark.extraListeners=io.openlineage.spark.agent.OpenLineageSparkListener',
    'spark.openlineage.transport.type=http',
    `spark.openlineage.transport.url=${url}`,
    ...(keyed
      ? [
          'spark.openlineage.transport.auth.type=api_key',
          `spark.openlineage.transport.auth.apiKey=${KEY}`,
        ]
      : []),
    'spark.openlineage.namespace=spark',
  ]
  return [
    {
      text: 'Start an application with OpenLineage’s listener (Scala 2.13 has an artifact of its own):',
      code: [
        'spark-submit',
        '--packages io.openlineage:openlineage-spark_2.12:1.53.0',
        ...settings.map((setting) => `--conf ${setting}`),
        'etl.py',
      ].join(' \\\n  '),
    },
  ]
}

function dbt(url: string, keyed: boolean): Step[] {
  return [
    {
      text: 'Run a project through OpenLineage’s wrapper:',
      code: lines(
        'pip install openlineage-dbt',
        `export OPENLINEAGE_URL=${url}`,
        keyed && `export OPENLINEAGE_API_KEY=${KEY}`,
        'export OPENLINEAGE_NAMESPACE=dbt',
        'dbt-ol build',
      ),
    },
  ]
}

function python(url: string, keyed: boolean): Step[] {
  return [
    {
      text: 'Install the SDK from a checkout, and name this bridge:',
      code: lines(
        'pip install ./sdk',
        `export FAIRLEAD_URL=${url}`,
        keyed && `export FAIRLEAD_API_KEY=${KEY}`,
      ),
    },
    {
      text: 'Say what a function reads and writes; each call of it is a run:',
      code: lines(
        'import fairlead_sdk',
        '',
        '',
        '@fairlead_sdk.lineage(inputs=["s3://lake/raw/orders"], outputs=["file:///data/report.csv"])',
        'def report(): ...',
        '',
        '',
        'report()',
      ),
    },
  ]
}

function testEvent(url: string, keyed: boolean, now: Date, runId: string): Step {
  const event = {
    eventType: 'COMPLETE',
    eventTime: now.toISOString(),
    producer: url,
    schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',
    run: { runId },
    job: { namespace: 'test', name: 'first_event' },
    inputs: [],
    outputs: [{ namespace: 'test', name: 'first_table' }],
  }
  return {
    text: 'Send one event by hand; it makes a job and a dataset in the namespace “test”:',
    code: lines(
      `curl ${url}/api/v1/lineage -H 'Content-Type: application/json' \\`,
      keyed && `  -H 'Authorization: Bearer ${KEY}' \\`,
      `  -d '${JSON.stringify(event)}'`,
    ),
  }
}

const lines = (...all: (string | false)[]) => all.filter((line) => line !== false).join('\n')
