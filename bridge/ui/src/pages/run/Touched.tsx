import type { RunDataset } from '../../api/schema'
import { DatasetLink, LineageLink } from '../../parts/Names'
import { Panel } from '../../parts/Panel'
import { bytes, count } from '../../text/numbers'

/** What a run read and wrote. */
export function Touched({ datasets }: { datasets: RunDataset[] }) {
  return (
    <Panel title="Read and written" flush>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th>Dataset</th>
              <th>Role</th>
              <th className="right">Rows</th>
              <th className="right">Size</th>
              <th className="right">Files</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {[...datasets]
              .sort((a, b) => a.role.localeCompare(b.role))
              .map((item) => (
                <tr key={`${item.role} ${item.dataset.id}`}>
                  <td className="name">
                    <DatasetLink dataset={item.dataset} />
                  </td>
                  <td>{item.role === 'input' ? 'read' : 'written'}</td>
                  <td className="right num">
                    {item.row_count === null ? (
                      <span className="faint">–</span>
                    ) : (
                      count(item.row_count)
                    )}
                  </td>
                  <td className="right num">
                    {item.byte_count === null ? (
                      <span className="faint">–</span>
                    ) : (
                      bytes(item.byte_count)
                    )}
                  </td>
                  <td className="right num">
                    {item.file_count === null ? (
                      <span className="faint">–</span>
                    ) : (
                      count(item.file_count)
                    )}
                  </td>
                  <td className="right">
                    <LineageLink node={item.dataset.node} />
                  </td>
                </tr>
              ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}
