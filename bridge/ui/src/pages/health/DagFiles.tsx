import { Link } from '@tanstack/react-router'
import type { JobItem } from '../../api/schema'
import { JobLink } from '../../parts/Names'
import { Time } from '../../parts/Now'
import { Panel } from '../../parts/Panel'

/** DAG files that Airflow said it cannot import, and has not taken back. */
export function DagFiles({ files }: { files: JobItem[] }) {
  return (
    <Panel title="DAG files that cannot be imported" note="as Airflow said" flush>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th>File</th>
              <th>Error</th>
              <th>Airflow</th>
              <th className="right">Said</th>
            </tr>
          </thead>
          <tbody>
            {files.map((file) => (
              <tr key={file.id}>
                <td className="name">
                  <JobLink job={file} full />
                </td>
                <td className="mono small words">
                  {file.last_run && (
                    <Link to="/runs/$id" params={{ id: file.last_run.id }} className="link">
                      {file.last_run.error?.split('\n')[0] ?? 'no error text'}
                    </Link>
                  )}
                </td>
                <td className="mono small">{file.namespace}</td>
                <td className="right muted" style={{ whiteSpace: 'nowrap' }}>
                  <Time at={file.last_run?.ended_at ?? file.last_run?.started_at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}
