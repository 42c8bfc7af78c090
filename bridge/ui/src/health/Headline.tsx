import { CircleCheck, CircleDashed, TriangleAlert } from 'lucide-react'
import type { Overview, SourceHealth, Trouble } from '../api/schema'
import { jobLabel } from '../parts/Names'
import { Time } from '../parts/Now'
import { shortName } from '../text/names'
import { counted } from '../text/numbers'

interface Props {
  overview: Overview
  troubles: Trouble[]
  affected: number // number of datasets late, failed or at risk, which may exceed `troubles`
  silentSources: SourceHealth[] // sources without expected events
  problems: string[]
}

/** The overall status in a sentence or two. */
export function Headline({ overview, troubles, affected, silentSources, problems }: Props) {
  const failing = overview.counts.failing ?? overview.failing.length
  const late = troubles.filter((trouble) => trouble.late_since)
  const bad = failing || troubles.length || silentSources.length
  const known = overview.counts.runs || overview.recent_runs.length
  const Icon = bad || problems.length ? TriangleAlert : known ? CircleCheck : CircleDashed
  const names = overview.failing.slice(0, 2).map(jobLabel)
  const more = failing - names.length
  const sentence = failing
    ? `${names.join(' and ')}${more > 0 ? ` and ${counted(more, 'other job')}` : ''} failed in ${failing === 1 ? 'its' : 'their'} last run`
    : known
      ? 'All jobs succeeded in their last run'
      : 'No runs yet'
  return (
    <div className="title" style={{ flexWrap: 'nowrap', alignItems: 'flex-start' }}>
      <Icon
        size={22}
        color={
          failing
            ? 'var(--bad)'
            : bad || problems.length
              ? 'var(--warn)'
              : known
                ? 'var(--ok)'
                : 'var(--non)'
        }
        aria-hidden
        style={{ marginTop: 3, flex: 'none' }}
      />
      <div style={{ minWidth: 0 }}>
        <p style={{ font: '640 19px/28px var(--sans)', overflowWrap: 'anywhere' }}>{sentence}</p>
        {troubles.length > 0 && (
          <p className="muted">
            {counted(affected, 'dataset')} {affected === 1 ? 'is' : 'are'} affected
            {late.length > 0 &&
              `, of which late: ${late
                .slice(0, 3)
                .map((trouble) => shortName(trouble.dataset.name))
                .join(
                  ', ',
                )}${late.length > 3 ? ` and ${troubles.length < affected ? 'more' : `${late.length - 3} more`}` : ''}`}
            .
          </p>
        )}
        {silentSources.map((source) => (
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
