import { Link } from '@tanstack/react-router'
import type { JobItem } from '../api/schema'
import { JobLink } from '../parts/Names'
import { Time } from '../parts/Now'
import { Panel } from '../parts/Panel'
import { Table } from '../parts/Table'

/** DAG files with open import errors in Airflow. */
export function ImportErrors({ files }: { files: JobItem[] }) {
  return (
    <Panel title="DAG import errors" note="reported by Airflow" flush>
      <Table
        columns={[
          { title: 'File', className: 'name', cell: (file) => <JobLink job={file} full /> },
          {
            title: 'Error',
            className: 'mono small words',
            cell: (file) =>
              file.last_run && (
                <Link to="/runs/$id" params={{ id: file.last_run.id }} className="link">
                  {file.last_run.error?.split('\n')[0] ?? 'no error message'}
                </Link>
              ),
          },
          { title: 'Airflow', className: 'mono small', cell: (file) => file.namespace },
          {
            title: 'Since',
            right: true,
            className: 'muted nowrap',
            cell: (file) => <Time at={file.last_run?.ended_at ?? file.last_run?.started_at} />,
          },
        ]}
        rows={files}
        rowKey={(file) => file.id}
      />
    </Panel>
  )
}
