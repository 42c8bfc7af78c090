import { Link } from '@tanstack/react-router'
import type { Run } from '../../api/schema'
import { lanesOf } from '../../charts/lanes'
import { Panel } from '../../parts/Panel'
import { counted } from '../../text/numbers'

const FIRST = 8

/** The tasks of a DAG run that failed for good, each with its error. */
export function Failed({ runs }: { runs: Run[] }) {
  const failed = lanesOf(runs).flatMap((lane) => {
    const last = lane.runs.at(-1)
    return last?.state === 'failed' ? [{ label: lane.label, last, tries: lane.runs.length }] : []
  })
  if (!failed.length) return null
  return (
    <Panel title="What failed" note={counted(failed.length, 'task')} flush>
      <div className="scroll">
        <table>
          <tbody>
            {failed.slice(0, FIRST).map(({ label, last, tries }) => (
              <tr key={last.id}>
                <td className="name mono cut">
                  <Link to="/runs/$id" params={{ id: last.id }} className="link" title={label}>
                    {label}
                  </Link>
                </td>
                <td className="mono small words">
                  {last.error?.split('\n')[0] ?? <span className="faint">no error text</span>}
                </td>
                <td className="right muted">
                  {tries > 1 ? `after ${counted(tries, 'try', 'tries')}` : ''}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {failed.length > FIRST && (
        <p className="panel-body faint small">and {failed.length - FIRST} more</p>
      )}
    </Panel>
  )
}
