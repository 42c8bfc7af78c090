import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Trouble } from '../api/schema'
import { taskLabel } from '../charts/taskRows'
import { DatasetLink, LineageLink, Owners } from '../parts/Names'
import { Time } from '../parts/Now'
import { Panel } from '../parts/Panel'
import { Badge } from '../parts/State'
import { Table } from '../parts/Table'
import { count, counted } from '../text/numbers'
import type { Tone } from '../text/state'

const FIRST = 10
const standings: Record<Trouble['standing'], [Tone, string]> = {
  failed: ['bad', 'Failed'],
  late: ['warn', 'Late'],
  at_risk: ['blk', 'At risk'],
}

/** Datasets that were not written when they should have been, or rest on such; each with the cause. */
export function AtRiskDatasets({ troubles, cut }: { troubles: Trouble[]; cut: boolean }) {
  const [all, setAll] = useState(false)
  const shown = all ? troubles : troubles.slice(0, FIRST)
  return (
    <Panel
      title="Datasets failed, late or at risk"
      note={cut ? 'worst first; more are not listed' : 'worst first'}
      flush
    >
      <Table
        rows={shown}
        rowKey={(trouble) => trouble.dataset.id}
        columns={[
          {
            title: 'Dataset',
            className: 'name',
            cell: ({ dataset }) => <DatasetLink dataset={dataset} platform={dataset.platform} />,
          },
          { title: 'Standing', cell: (trouble) => <Standing trouble={trouble} /> },
          { title: 'Age', className: 'nowrap', cell: (trouble) => <Age trouble={trouble} /> },
          { title: 'Cause', maxWidth: 460, cell: (trouble) => <Cause trouble={trouble} /> },
          { title: 'Owner', cell: ({ dataset }) => <Owners of={dataset.owners} /> },
          {
            title: '',
            right: true,
            cell: ({ dataset }) => <LineageLink node={dataset.node} label="Why" />,
          },
        ]}
      />
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

function Standing({ trouble: { standing, late_since } }: { trouble: Trouble }) {
  const [tone, word] = standings[standing]
  return (
    <span className="row wrap" style={{ gap: 4 }}>
      <Badge tone={tone}>{word}</Badge>
      {late_since && standing !== 'late' && <Badge tone="warn">Late</Badge>}
    </span>
  )
}

function Age({ trouble: { dataset, rhythm } }: { trouble: Trouble }) {
  return (
    <>
      <Time at={dataset.written_at} as="age" />
      {rhythm && (
        <span className="faint small" style={{ display: 'block', whiteSpace: 'normal' }}>
          {rhythm.text}
        </span>
      )}
    </>
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
        Not written since
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
  const task = cause.dag_id ? `${cause.dag_id}.${taskLabel(cause)}` : taskLabel(cause)
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
