import { Link } from '@tanstack/react-router'
import type { Assertion, Run } from '../api/schema'
import { DatasetLink } from './Names'
import { Time } from './Now'
import { Badge } from './State'
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
    <div className="scroll">
      <table>
        <thead>
          <tr>
            {named && <th>Dataset</th>}
            <th>Assertion</th>
            <th>Column</th>
            <th>Result</th>
            <th>Expected</th>
            <th>Actual</th>
            {runs && <th className="right">Checked</th>}
          </tr>
        </thead>
        <tbody>
          {of.map((one) => (
            <tr key={`${one.dataset?.id ?? ''} ${one.name} ${one.column ?? ''}`}>
              {named && (
                <td className="name">
                  {one.dataset ? (
                    <DatasetLink dataset={one.dataset} />
                  ) : (
                    <span className="faint">–</span>
                  )}
                </td>
              )}
              <td className="name">
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
              </td>
              <td className="mono">{one.column ?? <span className="faint">–</span>}</td>
              <td style={{ whiteSpace: 'nowrap' }}>
                <Result of={one} />
              </td>
              <td className="mono small words">
                {one.expected ?? <span className="faint">–</span>}
              </td>
              <td className="mono small words">{one.actual ?? <span className="faint">–</span>}</td>
              {runs && (
                <td className="right muted" style={{ whiteSpace: 'nowrap' }}>
                  {one.run ? (
                    <Link to="/runs/$id" params={{ id: one.run.id }} className="link">
                      <Time at={one.at} />
                    </Link>
                  ) : (
                    <Time at={one.at} />
                  )}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
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
