import type { Incident } from '../api/schema'
import { isDataset } from '../text/names'
import { count, counted } from '../text/numbers'
import type { Tone } from '../text/state'

/** The words and colours of an incident's states. */
export const incidentStates: Record<Incident['state'], [Tone, string]> = {
  open: ['bad', 'Open'],
  acknowledged: ['run', 'Acknowledged'],
  muted: ['non', 'Muted'],
  resolved: ['ok', 'Resolved'],
}

export const datasetsOf = ({ affected }: Pick<Incident, 'affected'>) =>
  affected.filter((each) => isDataset(each.node))

export const ownersOf = ({ affected }: Pick<Incident, 'affected'>): string[] =>
  [...new Set(affected.flatMap((each) => each.owners))].sort()

/** "5 datasets and 2 jobs"; those that the answer leaves out are counted, too. */
export function affectedText(incident: Pick<Incident, 'affected' | 'affected_left_out'>): string {
  const datasets = datasetsOf(incident).length
  const jobs = incident.affected.length - datasets
  const left = incident.affected_left_out
  return [
    datasets ? counted(datasets, 'dataset') : '',
    jobs ? counted(jobs, 'job') : '',
    left ? `${count(left)} more` : '',
  ]
    .filter(Boolean)
    .join(' and ')
}

/** "2 failed, 3 late", the worst first. */
export function standingText({ affected }: Pick<Incident, 'affected'>): string {
  const words = {
    failed: 'failed',
    late: 'late',
    at_risk: 'at risk',
    broken_contract: 'with a broken contract',
    personal_data: 'with personal data',
  } as const
  return (['failed', 'late', 'at_risk', 'broken_contract', 'personal_data'] as const)
    .map((standing) => [standing, affected.filter((one) => one.standing === standing)] as const)
    .filter(([, of]) => of.length)
    .map(([standing, of]) => `${of.length} ${words[standing]}`)
    .join(', ')
}

/** The latest of the known ETAs: when all that has one is expected; null without any. */
export function lastEta({ affected }: Pick<Incident, 'affected'>): string | null {
  return affected.flatMap((each) => each.eta ?? []).reduce((a, b) => (a > b ? a : b), '') || null
}

export interface AtRiskItem {
  incident: Incident
  affected: Incident['affected'][number]
}

/** Datasets at risk, by the time at which they will be late; those without an expectation last. */
export function atRisk(incidents: Incident[]): AtRiskItem[] {
  const key = ({ affected }: AtRiskItem) => affected.expected_by ?? '~'
  return incidents
    .flatMap((incident) => datasetsOf(incident).map((affected) => ({ incident, affected })))
    .filter(({ affected }) => affected.standing === 'at_risk')
    .sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0))
}
