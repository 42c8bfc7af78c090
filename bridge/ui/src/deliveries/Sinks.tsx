import type { SinkHealth } from '../api/schema'
import { ActionButton } from '../parts/ActionButton'
import { Time } from '../parts/Now'
import { Empty, Panel } from '../parts/Panel'
import { Table } from '../parts/Table'
import { count, counted } from '../text/numbers'

/** The configured sinks and the state of their deliveries. */
export function Sinks({ sinks }: { sinks: SinkHealth[] }) {
  return (
    <Panel title="Catalogs" note={counted(sinks.length, 'catalog')} flush>
      {sinks.length ? (
        <Table
          columns={[
            {
              title: 'Catalog',
              cell: (sink) => (
                <>
                  <b className="mono">{sink.name}</b>{' '}
                  <span className="muted small">{sink.kind}</span>
                </>
              ),
            },
            {
              title: 'In sync',
              right: true,
              className: 'num',
              cell: (sink) => count(sink.in_sync),
            },
            {
              title: 'Waiting',
              right: true,
              className: 'num',
              cell: (sink) => count(sink.waiting),
            },
            {
              title: 'Rejected',
              right: true,
              className: 'num',
              cell: (sink) => (
                <span style={{ color: sink.rejected ? 'var(--bad-text)' : undefined }}>
                  {count(sink.rejected)}
                </span>
              ),
            },
            {
              title: 'Waiting since',
              className: 'muted',
              cell: (sink) => <Time at={sink.oldest_waiting_at} />,
            },
            { title: 'Last error', className: 'mono small words', cell: (sink) => sink.last_error },
            {
              title: '',
              right: true,
              cell: (sink) =>
                sink.rejected > 0 && (
                  <ActionButton
                    path="deliveries/retry"
                    params={{ sink: sink.name }}
                    label="Retry rejected"
                    outcome={({ retried }) => `Retrying ${count(retried ?? 0)}`}
                  />
                ),
            },
          ]}
          rows={sinks}
          rowKey={(sink) => sink.name}
        />
      ) : (
        <Empty title="No sinks configured">
          Sinks send this catalog’s entries to other catalogs. They are configured where the server
          is started.
        </Empty>
      )}
    </Panel>
  )
}
