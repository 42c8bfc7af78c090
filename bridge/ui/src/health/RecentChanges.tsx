import { Link } from '@tanstack/react-router'
import type { Change } from '../api/schema'
import { useApi } from '../api/client'
import { DatasetLink } from '../parts/Names'
import { Time } from '../parts/Now'
import { Answer, Empty, Panel } from '../parts/Panel'
import { Badge } from '../parts/State'
import { Table } from '../parts/Table'
import { changeWords, isBreaking } from '../changes/changes'

/** The newest changes of columns. */
export function RecentChanges() {
  const answer = useApi<{ items: Change[] }>('changes', { limit: 8 })
  return (
    <Panel
      title="Recent schema changes"
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
            <Table
              columns={[
                {
                  title: 'Dataset',
                  className: 'name',
                  cell: ({ dataset }) => <DatasetLink dataset={dataset} />,
                },
                {
                  title: 'Change',
                  cell: ({ version }) => (
                    <span className="row wrap" style={{ gap: 6 }}>
                      {isBreaking(version) && <Badge tone="bad">breaking</Badge>}
                      <span className="small muted" style={{ overflowWrap: 'anywhere' }}>
                        {changeWords(version)}
                      </span>
                    </span>
                  ),
                },
                {
                  title: 'When',
                  right: true,
                  className: 'muted nowrap',
                  cell: ({ version }) => <Time at={version.first_at} />,
                },
              ]}
              rows={items}
              rowKey={({ dataset, version }) => `${dataset.id} ${version.version}`}
            />
          ) : (
            <Empty title="No schema changes">
              A change appears when the columns of a dataset differ from its last version.
            </Empty>
          )
        }
      </Answer>
    </Panel>
  )
}
