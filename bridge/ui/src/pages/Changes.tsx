import type { Change } from '../api/schema'
import { useList } from '../api/client'
import { More } from '../parts/More'
import { DatasetLink } from '../parts/Names'
import { Time } from '../parts/Now'
import { Answer, Nothing } from '../parts/Panel'
import { SchemaDiff } from '../parts/SchemaDiff'
import { Badge } from '../parts/State'
import { useTrail } from '../shell/crumbs'
import { isBreaking } from '../text/changes'
import { ImpactLink } from './dataset/ImpactLink'

export default function Changes() {
  useTrail('Changes')
  const list = useList<Change>('changes', { limit: 50 })
  return (
    <div className="page-body">
      <div>
        <div className="title">
          <h1>Changes</h1>
        </div>
        <p className="muted">Datasets whose columns changed, newest first.</p>
      </div>
      <Answer of={list}>
        {({ pages }) => {
          const changes = pages.flatMap((page) => page.items)
          if (!changes.length) {
            return (
              <div className="panel">
                <Nothing title="No columns have changed">
                  A change appears here when a dataset is seen with other columns than before.
                </Nothing>
              </div>
            )
          }
          return changes.map((change) => (
            <One key={`${change.dataset.id} ${change.version.version}`} change={change} />
          ))
        }}
      </Answer>
      <More of={list} />
    </div>
  )
}

function One({ change: { dataset, version } }: { change: Change }) {
  const breaking = isBreaking(version)
  return (
    <section className="panel">
      <header>
        <DatasetLink dataset={dataset} />
        <Badge tone={breaking ? 'bad' : 'ok'}>{breaking ? 'can break readers' : 'only adds'}</Badge>
        <span className="end">
          version {version.version}, <Time at={version.first_at} />
          {version.run ? `, by ${version.run.dag_id ?? version.run.label}` : ''}
        </span>
        <ImpactLink id={dataset.id} />
      </header>
      <div className="panel-body">
        <SchemaDiff version={version} />
      </div>
    </section>
  )
}
