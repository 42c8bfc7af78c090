import { Link } from '@tanstack/react-router'
import type { Assertion, Run } from '../api/schema'
import { DatasetLink } from './Names'
import { Time } from './Now'
import { Badge } from './State'
import { Table } from './Table'
import { counted } from '../text/numbers'

/** Checks of data: what was checked, whether it held, and what was expected. */
export function Assertions({
  of,
  named,
  runs,
}: {
  of: Assertion[]
  named?: boolean
  runs?: boolean
}) {
  return (
    <Table
      columns={[
        named && {
          title: 'Dataset',
          className: 'name',
          cell: (one) =>
            one.dataset ? <DatasetLink dataset={one.dataset} /> : <span className="faint">–</span>,
        },
        {
          title: 'Assertion',
          className: 'name',
          cell: (one) => (
            <>
              <span
                className="mono cut"
                style={{ display: 'block' }}
                title={one.description ?? one.name}
              >
                {one.name}
              </span>
              {one.assertion && one.assertion !== one.name && (
                <span className="faint small">{one.assertion}</span>
              )}
            </>
          ),
        },
        {
          title: 'Column',
          className: 'mono',
          cell: (one) => one.column ?? <span className="faint">–</span>,
        },
        { title: 'Result', className: 'nowrap', cell: (one) => <Result of={one} /> },
        {
          title: 'Expected',
          className: 'mono small words',
          cell: (one) => one.expected ?? <span className="faint">–</span>,
        },
        {
          title: 'Actual',
          className: 'mono small words',
          cell: (one) => one.actual ?? <span className="faint">–</span>,
        },
        runs && {
          title: 'Checked',
          right: true,
          className: 'muted nowrap',
          cell: (one) =>
            one.run ? (
              <Link to="/runs/$id" params={{ id: one.run.id }} className="link">
                <Time at={one.at} />
              </Link>
            ) : (
              <Time at={one.at} />
            ),
        },
      ]}
      rows={of}
      rowKey={(one) => `${one.dataset?.id ?? ''} ${one.name} ${one.column ?? ''}`}
    />
  )
}

/** That a run made checks of data that failed, whatever its own state is. */
export function FailedAssertions({ of }: { of: Run }) {
  return of.failed_assertions ? (
    <Badge tone="warn">{counted(of.failed_assertions, 'failed assertion')}</Badge>
  ) : null
}

function Result({ of }: { of: Assertion }) {
  if (of.success === null) return <Badge tone="non">Not checked</Badge>
  if (of.success) return <Badge tone="ok">Passed</Badge>
  return of.severity === 'warn' ? (
    <Badge tone="warn">Warning</Badge>
  ) : (
    <Badge tone="bad">
      {of.severity && of.severity !== 'error' ? `Failed (${of.severity})` : 'Failed'}
    </Badge>
  )
}
