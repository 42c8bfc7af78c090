import { getRouteApi, Link } from '@tanstack/react-router'
import type { Column, DatasetDetail, JobRef, SchemaVersion } from '../api/schema'
import { useApi } from '../api/client'
import { DatasetLink, JobLink, LineageLink, Owners, Tags, Tile } from '../parts/Names'
import { Time } from '../parts/Now'
import { Answer, Facts, Json, Nothing, Panel } from '../parts/Panel'
import { RunRows } from '../parts/RunRows'
import { SchemaDiff } from '../parts/SchemaDiff'
import { Badge, StateBadge } from '../parts/State'
import { Ways } from '../parts/Ways'
import { useTrail } from '../shell/crumbs'
import { shortName } from '../text/names'
import { counted } from '../text/numbers'

const route = getRouteApi('/datasets/$id')

export default function Dataset() {
  const { id } = route.useParams()
  const answer = useApi<DatasetDetail>(`datasets/${encodeURIComponent(id)}`)
  return <div className="page-body">{<Answer of={answer}>{(dataset) => <Detail dataset={dataset} />}</Answer>}</div>
}

function Detail({ dataset }: { dataset: DatasetDetail }) {
  useTrail(
    shortName(dataset.name),
    <Link key="datasets" to="/datasets" className="link">
      Datasets
    </Link>,
  )
  const otherNames = dataset.names.filter((name) => name.namespace !== dataset.namespace || name.name !== dataset.name)
  return (
    <>
      <div>
        <div className="title">
          <Tile platform={dataset.platform} />
          <h1 className="mono">{dataset.name}</h1>
          {dataset.state && <StateBadge state={dataset.state} />}
          {dataset.dropped_at && <Badge tone="non">dropped</Badge>}
          <span className="end row">
            <LineageLink node={dataset.node} />
          </span>
        </div>
        <div className="subtitle">
          <span className="mono">{dataset.namespace}</span>
          <span>
            {dataset.written_at ? (
              <>
                written <Time at={dataset.written_at} />
              </>
            ) : (
              'never seen written'
            )}
          </span>
          {dataset.written_by && (
            <span className="row">
              by <JobLink job={dataset.written_by} />
            </span>
          )}
          {dataset.owners.length > 0 && <Owners of={dataset.owners} />}
          <Tags of={dataset.tags} />
        </div>
        {dataset.description && <p style={{ marginTop: 8, maxWidth: '80ch', whiteSpace: 'pre-line' }}>{dataset.description}</p>}
      </div>
      <Panel title="Columns" note={counted(dataset.schema_fields.length, 'column')} flush>
        <Columns node={dataset.node} columns={dataset.schema_fields} />
      </Panel>
      <div className="columns">
        <Jobs title="Written by" jobs={dataset.writers} none="No job has been seen writing it." />
        <Jobs title="Read by" jobs={dataset.readers} none="No job has been seen reading it." />
      </div>
      <Panel title="Runs that wrote it" note="newest first" flush>
        {dataset.written_by_runs.length ? <RunRows runs={dataset.written_by_runs} named /> : <Nothing title="No run has been seen writing it">It is only read, or it was written before events arrived here.</Nothing>}
      </Panel>
      <Versions versions={dataset.versions} />
      <div className="columns">
        <Panel title="Facts">
          <Facts
            of={[
              ['Platform', dataset.platform],
              ['Kind', dataset.kind],
              ['First seen', <Time key="first" at={dataset.first_at} as="clock" />],
              ['Last seen', <Time key="last" at={dataset.last_at} as="clock" />],
              ['Dropped', dataset.dropped_at ? <Time key="dropped" at={dataset.dropped_at} as="clock" /> : null],
              ...otherNames.map((name, at): [string, React.ReactNode] => [at ? ` ` : 'Also called', <span key={`${name.namespace} ${name.name}`} className="mono small">{`${name.namespace} ${name.name}`}</span>]),
            ]}
          />
        </Panel>
        {Object.keys(dataset.facets).length > 0 && (
          <Panel title="What else the events said">
            <Json of={dataset.facets} label="Further facts" />
          </Panel>
        )}
      </div>
    </>
  )
}

function Columns({ node, columns }: { node: string; columns: Column[] }) {
  if (!columns.length) return <Nothing title="Its columns are not known">No event has told a schema for it yet.</Nothing>
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th>Column</th>
            <th>Type</th>
            <th>Comes from</th>
            <th>Description</th>
          </tr>
        </thead>
        <tbody>
          {columns.map((column) => (
            <tr key={column.name}>
              <td className="mono">
                <span className="row">
                  <Link to="/lineage" search={{ focus: node, view: 'columns', column: column.name }} className="link" style={{ paddingLeft: 14 * (column.name.split('.').length - 1) }} title="Where it comes from and where it goes">
                    {column.name}
                  </Link>
                  <Tags of={column.tags} />
                </span>
              </td>
              <td className="mono small muted">{column.type ?? '–'}</td>
              <td className="small">
                {column.origins.length ? (
                  column.origins.map((origin) => (
                    <div key={`${origin.dataset.id} ${origin.column}`} className="row">
                      <DatasetLink dataset={origin.dataset} />
                      <span className="mono">{origin.column}</span>
                      <Ways of={origin.transformations} />
                    </div>
                  ))
                ) : (
                  <span className="faint">–</span>
                )}
              </td>
              <td className="muted">{column.description}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Jobs({ title, jobs, none }: { title: string; jobs: JobRef[]; none: string }) {
  return (
    <Panel title={title} note={counted(jobs.length, 'job')}>
      {jobs.length ? (
        jobs.map((job) => (
          <div key={job.id} className="item">
            <JobLink job={job} />
            {job.dag_id && job.task_id && <span className="end faint small cut">{job.dag_id}</span>}
          </div>
        ))
      ) : (
        <span className="muted small">{none}</span>
      )}
    </Panel>
  )
}

function Versions({ versions }: { versions: SchemaVersion[] }) {
  if (versions.length < 2) return null
  return (
    <Panel title="How its columns changed" note={counted(versions.length, 'version')}>
      <div style={{ display: 'grid', gap: 14 }}>
        {versions.map((version) => (
          <div key={version.version}>
            <div className="row small" style={{ marginBottom: 5 }}>
              <b>Version {version.version}</b>
              <span className="muted">
                since <Time at={version.first_at} as="clock" />
              </span>
              {version.run && (
                <Link to="/runs/$id" params={{ id: version.run.id }} className="link muted">
                  brought by {version.run.dag_id ?? version.run.job.name}
                </Link>
              )}
              <span className="end muted">{counted(version.fields.length, 'column')}</span>
            </div>
            <SchemaDiff version={version} />
          </div>
        ))}
      </div>
    </Panel>
  )
}
