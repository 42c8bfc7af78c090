import { Link } from '@tanstack/react-router'
import type { Change } from '../../api/schema'
import { useApi } from '../../api/client'
import { DatasetLink } from '../../parts/Names'
import { Time } from '../../parts/Now'
import { Answer, Nothing, Panel } from '../../parts/Panel'
import { Badge } from '../../parts/State'
import { changeWords, isBreaking } from '../../text/changes'

/** The newest changes of columns. */
export function Changed() {
  const answer = useApi<{ items: Change[] }>('changes', { limit: 8 })
  return (
    <Panel
      title="Columns that changed"
      note={
        <Link to="/changes" className="link">
          all changes
        </Link>
      }
      flush
    >
      <Answer of={answer} rows={4}>
        {({ items }) =>
          items.length ? (
            <div className="scroll">
              <table>
                <thead>
                  <tr>
                    <th>Dataset</th>
                    <th>Change</th>
                    <th className="right">When</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map(({ dataset, version }) => (
                    <tr key={`${dataset.id} ${version.version}`}>
                      <td className="name">
                        <DatasetLink dataset={dataset} />
                      </td>
                      <td>
                        <span className="row wrap" style={{ gap: 6 }}>
                          {isBreaking(version) && <Badge tone="bad">can break readers</Badge>}
                          <span className="small muted" style={{ overflowWrap: 'anywhere' }}>
                            {changeWords(version)}
                          </span>
                        </span>
                      </td>
                      <td className="right muted" style={{ whiteSpace: 'nowrap' }}>
                        <Time at={version.first_at} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          ) : (
            <Nothing title="No columns have changed">
              A change appears here when a dataset is seen with other columns than before.
            </Nothing>
          )
        }
      </Answer>
    </Panel>
  )
}
