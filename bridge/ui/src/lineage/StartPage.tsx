import { Link } from '@tanstack/react-router'
import { useApi } from '../api/client'
import type { Overview } from '../api/schema'
import { DatasetLink, JobLink } from '../parts/Names'
import { Answer, Empty, Panel } from '../parts/Panel'
import { useTrail } from '../shell/crumbs'

/** The start page without a focus: where to begin. */
export function StartPage() {
  useTrail('Lineage')
  const overview = useApi<Overview>('overview')
  return (
    <div className="page-body">
      <div>
        <div className="title">
          <h1>Lineage</h1>
        </div>
        <p className="muted">
          Select a starting point, or search with <kbd>/</kbd> and open the lineage with{' '}
          <kbd>⇧↵</kbd>.
        </p>
      </div>
      <Answer of={overview}>
        {({ failing, stale, recent_runs: recent }) => {
          const dags = [
            ...new Map(
              recent.map((run) => [`${run.job.namespace}:${run.job.name}`, run.job]),
            ).values(),
          ]
          if (!failing.length && !stale.length && !dags.length)
            return (
              <Empty title="No lineage yet">
                Lineage appears with the first events that name inputs and outputs.
              </Empty>
            )
          return (
            <div className="columns">
              {failing.length > 0 && (
                <Panel title="Failing jobs">
                  {failing.map((dag) => (
                    <div key={dag.id} className="item">
                      <JobLink job={dag} />
                      <Link to="/lineage" search={{ focus: dag.node }} className="button end">
                        Lineage
                      </Link>
                    </div>
                  ))}
                </Panel>
              )}
              {dags.length > 0 && (
                <Panel title="Recently run jobs">
                  {dags.map((job) => (
                    <div key={`${job.namespace}:${job.name}`} className="item">
                      <span className="mono cut">{job.name}</span>
                      <Link
                        to="/lineage"
                        search={{ focus: `job:${job.namespace}:${job.name}` }}
                        className="button end"
                      >
                        Lineage
                      </Link>
                    </div>
                  ))}
                </Panel>
              )}
              {stale.length > 0 && (
                <Panel title="Datasets">
                  {stale.map((dataset) => (
                    <div key={dataset.id} className="item">
                      <DatasetLink dataset={dataset} platform={dataset.platform} />
                      <Link to="/lineage" search={{ focus: dataset.node }} className="button end">
                        Lineage
                      </Link>
                    </div>
                  ))}
                </Panel>
              )}
            </div>
          )
        }}
      </Answer>
    </div>
  )
}
