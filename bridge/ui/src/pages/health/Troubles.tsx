import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Trouble } from '../../api/schema'
import { laneLabel } from '../../charts/lanes'
import { DatasetLink, LineageLink, Owners } from '../../parts/Names'
import { Time } from '../../parts/Now'
import { Panel } from '../../parts/Panel'
import { Badge } from '../../parts/State'
import { count, counted } from '../../text/numbers'
import type { Tone } from '../../text/state'

const FIRST = 10
const standings: Record<Trouble['standing'], [Tone, string]> = {
  failed: ['bad', 'Not written'],
  late: ['warn', 'Late'],
  at_risk: ['blk', 'At risk'],
}

/** Datasets that were not written when they should have been, or rest on such; each with the cause. */
export function Troubles({ troubles, affected }: { troubles: Trouble[]; affected: number }) {
  const [all, setAll] = useState(false)
  const shown = all ? troubles : troubles.slice(0, FIRST)
  return (
    <Panel
      title="Datasets late, failed or at risk"
      note={
        troubles.length < affected
          ? `the worst ${count(troubles.length)} of ${count(affected)}`
          : 'worst first'
      }
      flush
    >
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th>Dataset</th>
              <th>Stands</th>
              <th>Age</th>
              <th>Cause</th>
              <th>Owner</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {shown.map((trouble) => (
              <Row key={trouble.dataset.id} trouble={trouble} />
            ))}
          </tbody>
        </table>
      </div>
      {shown.length < troubles.length && (
        <div className="more">
          <button type="button" className="button" onClick={() => setAll(true)}>
            Show all {count(troubles.length)}
          </button>
        </div>
      )}
    </Panel>
  )
}

function Row({ trouble }: { trouble: Trouble }) {
  const { dataset, standing, rhythm, late_since } = trouble
  const [tone, word] = standings[standing]
  return (
    <tr>
      <td className="name">
        <DatasetLink dataset={dataset} platform={dataset.platform} />
      </td>
      <td>
        <span className="row wrap" style={{ gap: 4 }}>
          <Badge tone={tone}>{word}</Badge>
          {late_since && standing !== 'late' && <Badge tone="warn">Late</Badge>}
        </span>
      </td>
      <td style={{ whiteSpace: 'nowrap' }}>
        <Time at={dataset.written_at} as="age" />
        {rhythm && (
          <span className="faint small" style={{ display: 'block', whiteSpace: 'normal' }}>
            {rhythm.text}
          </span>
        )}
      </td>
      <td style={{ maxWidth: 460 }}>
        <Cause trouble={trouble} />
      </td>
      <td>
        <Owners of={dataset.owners} />
      </td>
      <td className="right">
        <LineageLink node={dataset.node} label="Why" />
      </td>
    </tr>
  )
}

function Cause({
  trouble: { cause, root_cause, level, dataset, late_since },
}: {
  trouble: Trouble
}) {
  if (!cause && root_cause)
    return (
      <span className="muted">
        {root_cause.text} {root_cause.kind === 'silent_source' ? 'since' : 'by'}{' '}
        <Time at={root_cause.at} as="clock" />
        {level > 0 && `, ${counted(level, 'dataset')} upstream`}
      </span>
    )
  if (!cause)
    return (
      <span className="muted">
        No run has written it since
        {late_since ? (
          <>
            , expected until <Time at={late_since} as="clock" />
          </>
        ) : (
          ''
        )}
        {dataset.written_by
          ? `: ${dataset.written_by.dag_id ?? dataset.written_by.label} writes it`
          : ''}
      </span>
    )
  const at = cause.ended_at ?? cause.started_at ?? cause.queued_at
  const task = cause.dag_id ? `${cause.dag_id}.${laneLabel(cause)}` : laneLabel(cause)
  return (
    <span style={{ display: 'block', minWidth: 0 }}>
      <Link
        to="/runs/$id"
        params={{ id: cause.id }}
        className="link mono small cut"
        style={{ display: 'block' }}
        title={task}
      >
        {task}
      </Link>
      <span
        className="faint small cut"
        style={{ display: 'block' }}
        title={cause.error ?? undefined}
      >
        {cause.state === 'failed' ? 'failed' : 'was blocked'}
        {at && (
          <>
            {' '}
            <Time at={at} />
          </>
        )}
        {level > 0 && `, ${counted(level, 'dataset')} upstream`}
        {cause.error ? `: ${cause.error.split('\n')[0] ?? ''}` : ''}
      </span>
    </span>
  )
}
