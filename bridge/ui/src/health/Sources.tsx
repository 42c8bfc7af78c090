import type { SourceHealth } from '../api/schema'
import { Time } from '../parts/Now'
import { Panel } from '../parts/Panel'
import { Badge } from '../parts/State'
import { Table } from '../parts/Table'
import { count } from '../text/numbers'

/** How fresh the intake is, for each Airflow and each other producer. */
export function Sources({ sources }: { sources: SourceHealth[] }) {
  if (!sources.length) return null
  return (
    <Panel title="Event sources" flush>
      <Table
        columns={[
          { title: 'Namespace', className: 'mono', cell: (source) => source.namespace },
          {
            title: 'Integration',
            cell: (source) => source.integration ?? <span className="faint">–</span>,
          },
          { title: 'Jobs', right: true, className: 'num', cell: (source) => count(source.jobs) },
          {
            title: 'Last event',
            right: true,
            cell: (source) =>
              source.silent_since ? (
                <Badge tone="bad">
                  silent: <Time at={source.last_event_at} />
                </Badge>
              ) : (
                <span className="muted">
                  <Time at={source.last_event_at} />
                </span>
              ),
          },
        ]}
        rows={sources}
        rowKey={(source) => source.namespace}
      />
    </Panel>
  )
}
