import { useState } from 'react'
import type { Run } from '../../api/schema'
import { Nothing, Panel } from '../../parts/Panel'
import { RunRows } from '../../parts/RunRows'

const FIRST = 8

/** The newest runs that wrote a dataset. */
export function Wrote({ runs }: { runs: Run[] }) {
  const [all, setAll] = useState(false)
  if (!runs.length)
    return (
      <Panel title="Runs that wrote it" flush>
        <Nothing title="No run has been seen writing it">
          It is only read, or it was written before events arrived here.
        </Nothing>
      </Panel>
    )
  return (
    <Panel title="Runs that wrote it" note="newest first" flush>
      <RunRows runs={all ? runs : runs.slice(0, FIRST)} named />
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
