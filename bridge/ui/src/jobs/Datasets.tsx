import type { DatasetRef } from '../api/schema'
import { DatasetLink } from '../parts/Names'
import { Time } from '../parts/Now'
import { Panel } from '../parts/Panel'
import { counted } from '../text/numbers'

/** What a job has been seen reading and writing. */
export function Datasets({ inputs, outputs }: { inputs: DatasetRef[]; outputs: DatasetRef[] }) {
  if (!inputs.length && !outputs.length) return null
  return (
    <div className="columns">
      <DatasetList title="Reads" datasets={inputs} none="It has not been seen reading anything." />
      <DatasetList
        title="Writes"
        datasets={outputs}
        none="It has not been seen writing anything."
      />
    </div>
  )
}

function DatasetList({
  title,
  datasets,
  none,
}: {
  title: string
  datasets: DatasetRef[]
  none: string
}) {
  return (
    <Panel title={title} note={counted(datasets.length, 'dataset')}>
      {datasets.length ? (
        datasets.map((dataset) => (
          <div key={dataset.id} className="item">
            <DatasetLink dataset={dataset} />
            <span className="end muted small">
              {dataset.written_at ? (
                <>
                  written <Time at={dataset.written_at} />
                </>
              ) : null}
            </span>
          </div>
        ))
      ) : (
        <span className="muted small">{none}</span>
      )}
    </Panel>
  )
}
