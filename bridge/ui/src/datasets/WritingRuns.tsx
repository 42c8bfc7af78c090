import { useState } from 'react'
import type { Run } from '../api/schema'
import { Empty, Panel } from '../parts/Panel'
import { RunTable } from '../runs/RunTable'

const FIRST = 8

/** The newest runs that wrote a dataset. */
export function WritingRuns({ runs }: { runs: Run[] }) {
  const [all, setAll] = useState(false)
  if (!runs.length)
    return (
      <Panel title="Writes" flush>
        <Empty title="No known writes">
          It is only read, or was last written before events were received.
        </Empty>
      </Panel>
    )
  return (
    <Panel title="Writes" note="newest first" flush>
      <RunTable runs={all ? runs : runs.slice(0, FIRST)} named />
      {!all && runs.length > FIRST && (
        <div className="more">
          <button type="button" className="button" onClick={() => setAll(true)}>
            Show more
          </button>
        </div>
      )}
    </Panel>
  )
}
