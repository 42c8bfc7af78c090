import { CircleCheck, CircleDashed, TriangleAlert } from 'lucide-react'
import type { Incident, Overview } from '../api/schema'
import { ownersOf } from '../incidents/incidents'
import { jobLabel } from '../parts/Names'
import { Time } from '../parts/Now'
import { isDataset } from '../text/names'
import { count, counted } from '../text/numbers'

interface Props {
  overview: Overview
  incidents: Incident[]
  inTrouble: number // datasets that failed, are late or at risk, with or without an incident
  problems: string[] // of the server itself
}

/** The overall status in a sentence or two. */
export function Headline({ overview, incidents, inTrouble, problems }: Props) {
  const failing = overview.counts.failing ?? overview.failing.length
  const failed = overview.counts.failed ?? 0
  const silent = overview.sources.filter((source) => source.silent_since)
  const known = Boolean(overview.counts.runs || overview.recent_runs.length)
  const bad = failing + overview.dag_files.length + incidents.length + inTrouble + silent.length > 0
  const Icon = bad || problems.length ? TriangleAlert : known ? CircleCheck : CircleDashed
  const tone =
    failing || incidents.some((one) => one.severity === 'critical')
      ? 'bad'
      : bad || problems.length
        ? 'warn'
        : known
          ? 'ok'
          : 'non'
  return (
    <div className="title headline">
      <Icon size={22} color={`var(--${tone})`} aria-hidden />
      <div style={{ minWidth: 0 }}>
        <p className="headline-text">{sentence(overview, incidents, inTrouble, known)}</p>
        {incidents.length > 0 && failing > 0 && (
          <p className="muted">{failingText(overview, failing)}.</p>
        )}
        {!bad && failed > 0 && (
          <p className="muted">
            {counted(failed, 'run')} failed in the last 24 hours; later runs succeeded.
          </p>
        )}
        {silent.map((source) => (
          <p key={source.namespace}>
            <b className="bad-words">
              No events from {source.namespace} since <Time at={source.silent_since} as="clock" />
            </b>
            . More were expected by now: the producer may be down.
          </p>
        ))}
        {problems.map((problem) => (
          <p key={problem} className="muted">
            {problem}
          </p>
        ))}
      </div>
    </div>
  )
}

function sentence(
  overview: Overview,
  incidents: Incident[],
  inTrouble: number,
  known: boolean,
): string {
  const failing = overview.counts.failing ?? overview.failing.length
  if (incidents.length) return incidentText(incidents)
  if (failing) return failingText(overview, failing)
  const files = overview.dag_files.length
  if (files) return `${counted(files, 'DAG file')} can’t be imported`
  if (inTrouble) return `${counted(inTrouble, 'dataset')} failed, late or at risk`
  return known ? 'All jobs succeeded in their last run' : 'No runs yet'
}

function incidentText(incidents: Incident[]): string {
  const nodes = new Set(incidents.flatMap((one) => one.affected.map((each) => each.node)))
  const datasets = [...nodes].filter(isDataset).length
  const owners = new Set(incidents.flatMap(ownersOf)).size
  const affects = [
    datasets ? counted(datasets, 'dataset') : '',
    owners ? `${count(owners)} ${owners === 1 ? 'owner' : 'owners'}` : '',
  ].filter(Boolean)
  const verb = incidents.length === 1 ? 'affects' : 'affect'
  return `${counted(incidents.length, 'open incident')}${affects.length ? ` ${verb} ${affects.join(' of ')}` : ''}`
}

function failingText(overview: Overview, failing: number): string {
  const names = overview.failing.slice(0, 2).map(jobLabel)
  const more = failing - names.length
  return `${names.join(' and ')}${more > 0 ? ` and ${counted(more, 'other job')}` : ''} failed in ${failing === 1 ? 'its' : 'their'} last run`
}
