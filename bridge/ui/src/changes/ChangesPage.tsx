import type { Change, CodeChange } from '../api/schema'
import { useList } from '../api/client'
import { More } from '../parts/More'
import { DatasetLink, JobLink } from '../parts/Names'
import { Time } from '../parts/Now'
import { Answer, Empty } from '../parts/Panel'
import { CodeDiff } from './CodeDiff'
import { SchemaDiff } from './SchemaDiff'
import { Badge } from '../parts/State'
import { useTrail } from '../shell/crumbs'
import { isBreaking } from './changes'
import { ImpactLink } from '../impact/ImpactLink'

/** The newest changes of SQL and source code; nothing where there are none. */
function CodeChanges() {
  const list = useList<CodeChange>('changes/code', { limit: 10 })
  const changes = list.data?.pages.flatMap((page) => page.items) ?? []
  if (!changes.length) return null
  return (
    <section className="panel" aria-label="SQL and source code">
      <header>
        <h2>SQL and source code</h2>
      </header>
      <div className="panel-body" style={{ display: 'grid', gap: 14 }}>
        {changes.map(({ job, version }) => (
          <div key={`${job.id} ${version.kind} ${version.first_at}`}>
            <div className="row small" style={{ marginBottom: 5 }}>
              <JobLink job={job} full />
              <span className="end muted">
                {version.kind === 'sql' ? 'SQL' : 'source code'}, <Time at={version.first_at} />
              </span>
            </div>
            <CodeDiff version={version} />
          </div>
        ))}
      </div>
      <More of={list} />
    </section>
  )
}

export default function Changes() {
  useTrail('Changes')
  const list = useList<Change>('changes', { limit: 50 })
  return (
    <div className="page-body">
      <div>
        <div className="title">
          <h1>Changes</h1>
        </div>
        <p className="muted">Changes of schemas, SQL and source code, newest first.</p>
      </div>
      <CodeChanges />
      <Answer of={list}>
        {({ pages }) => {
          const changes = pages.flatMap((page) => page.items)
          if (!changes.length) {
            return (
              <div className="panel">
                <Empty title="No schema changes">
                  A change appears when the columns of a dataset differ from its last version.
                </Empty>
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
        <Badge tone={breaking ? 'bad' : 'ok'}>{breaking ? 'breaking' : 'not breaking'}</Badge>
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
