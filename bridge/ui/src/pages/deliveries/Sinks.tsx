import type { SinkHealth } from '../../api/schema'
import { Again } from '../../parts/Again'
import { Time } from '../../parts/Now'
import { Nothing, Panel } from '../../parts/Panel'
import { count, counted } from '../../text/numbers'

/** The catalogs that are told, and how each stands. */
export function Sinks({ sinks }: { sinks: SinkHealth[] }) {
  return (
    <Panel title="Catalogs" note={counted(sinks.length, 'catalog')} flush>
      {sinks.length ? (
        <div className="scroll">
          <table>
            <thead>
              <tr>
                <th>Catalog</th>
                <th className="right">In sync</th>
                <th className="right">Waiting</th>
                <th className="right">Rejected</th>
                <th>Waits since</th>
                <th>Last error</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {sinks.map((sink) => (
                <tr key={sink.name}>
                  <td>
                    <b className="mono">{sink.name}</b>{' '}
                    <span className="muted small">{sink.kind}</span>
                  </td>
                  <td className="right num">{count(sink.in_sync)}</td>
                  <td className="right num">{count(sink.waiting)}</td>
                  <td
                    className="right num"
                    style={{ color: sink.rejected ? 'var(--bad-text)' : undefined }}
                  >
                    {count(sink.rejected)}
                  </td>
                  <td className="muted">
                    <Time at={sink.oldest_waiting_at} />
                  </td>
                  <td className="mono small words">{sink.last_error}</td>
                  <td className="right">
                    {sink.rejected > 0 && (
                      <Again
                        path="deliveries/retry"
                        params={{ sink: sink.name }}
                        label="Try the rejected again"
                        told={({ retried }) => `${count(retried ?? 0)} again`}
                      />
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <Nothing title="No other catalog is told">
          Sinks are configured where the bridge is started; without one, everything stays here.
        </Nothing>
      )}
    </Panel>
  )
}
