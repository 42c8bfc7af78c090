import type { AffectedNode, Expectation, Outlook, RootCause } from '../api/schema'
import type { Tone } from '../text/state'

type Standing = Outlook['standing']

/** The words and colours of standings. */
export const standings: Record<Standing, [Tone, string]> = {
  ok: ['ok', 'On time'],
  late: ['warn', 'Late'],
  failed: ['bad', 'Failed'],
  at_risk: ['blk', 'At risk'],
  unknown: ['non', 'Unknown'],
}

/** As above, and what is wrong apart from them. */
export const affectedStandings: Record<AffectedNode['standing'], [Tone, string]> = {
  ...standings,
  broken_contract: ['bad', 'Broken contract'],
  personal_data: ['bad', 'Personal data'],
}

/** What kinds of root causes are called. */
export const causeKinds: Record<RootCause['kind'], string> = {
  failed_run: 'Failed run',
  not_started: 'Not started',
  slow_run: 'Slow run',
  source_not_updated: 'Source not updated',
  schema_change: 'Schema change',
  import_error: 'Import error',
  silent_source: 'No events',
  failed_check: 'Failed check',
  row_count: 'Unusual row count',
}

/** Where an expectation comes from. */
export const sources: Record<Expectation['source'], string> = {
  person: 'set by a person',
  file: 'from the expectations file',
  contract: 'from the data contract',
  dbt: 'from dbt source freshness',
  airflow: 'from an Airflow deadline',
  schedule: 'from the DAG’s schedule',
  learned: 'learned from its history',
}
