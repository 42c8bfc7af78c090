import { useIsFetching } from '@tanstack/react-query'
import { getRouteApi, Link, useRouterState } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import type { DatasetDetail, JobRef } from '../api/schema'
import { useApi } from '../api/client'
import { OutlookPanel } from '../outlook/OutlookPanel'
import { Forget } from '../parts/Forget'
import { Markdown } from '../parts/Markdown'
import { JobLink, LineageLink, Owners, Tags, Tile } from '../parts/Names'
import { Time } from '../parts/Now'
import { Answer, Facts, Json, Panel } from '../parts/Panel'
import { Presence } from '../parts/Presence'
import { Badge } from '../parts/State'
import { useTrail } from '../shell/crumbs'
import { shortName } from '../text/names'
import { counted } from '../text/numbers'
import { ImpactPanel } from '../impact/ImpactPanel'
import { ContractPanel } from '../contracts/ContractPanel'
import { Columns } from './Columns'
import { FreshnessPanel } from '../freshness/FreshnessPanel'
import { QualityPanel } from './QualityPanel'
import { Versions } from './Versions'
import { WritingRuns } from './WritingRuns'

const route = getRouteApi('/datasets/$id')

export default function Dataset() {
  const { id } = route.useParams()
  const answer = useApi<DatasetDetail>(`datasets/${encodeURIComponent(id)}`)
  return (
    <div className="page-body">
      {<Answer of={answer}>{(dataset) => <Detail dataset={dataset} />}</Answer>}
    </div>
  )
}

function Detail({ dataset }: { dataset: DatasetDetail }) {
  useTrail(
    shortName(dataset.name),
    <Link key="datasets" to="/datasets" className="link">
      Datasets
    </Link>,
  )
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  useScrollToHash()
  const otherNames = dataset.names.filter(
    (name) => name.namespace !== dataset.namespace || name.name !== dataset.name,
  )
  return (
    <>
      <div>
        <div className="title">
          <Tile platform={dataset.platform} />
          <h1 className="mono">{dataset.name}</h1>
          {dataset.dropped_at && <Badge tone="non">dropped</Badge>}
          <Presence stale={dataset.stale} />
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
              'no known write'
            )}
          </span>
          {dataset.written_by && (
            <span className="row">
              by <JobLink job={dataset.written_by} />
            </span>
          )}
          {dataset.owners.length > 0 && <Owners of={dataset.owners} />}
          <Tags of={dataset.tags} />
          {dataset.personal_unknown && (
            <span
              className="tag"
              title="A job that reads personal data writes it, and did not say what it makes of which columns"
            >
              personal data unknown
            </span>
          )}
          {dataset.url && (
            <a className="link" href={dataset.url} target="_blank" rel="noreferrer">
              Open {new URL(dataset.url).host}
            </a>
          )}
        </div>
        {dataset.description && <Markdown text={dataset.description} />}
      </div>
      <OutlookPanel node={dataset.node} />
      <ContractPanel id={dataset.id} node={dataset.node} />
      <FreshnessPanel id={dataset.id} days={search.days} onDays={(days) => set({ days })} />
      <Panel title="Columns" note={counted(dataset.schema_fields.length, 'column')} flush>
        <Columns node={dataset.node} columns={dataset.schema_fields} />
      </Panel>
      <QualityPanel dataset={dataset} />
      <div className="columns">
        <Jobs title="Written by" jobs={dataset.writers} none="No known writer." />
        <Jobs title="Read by" jobs={dataset.readers} none="No known reader." />
      </div>
      <WritingRuns runs={dataset.written_by_runs} />
      <ImpactPanel
        node={dataset.node}
        name={dataset.name}
        columns={dataset.schema_fields.map((field) => field.name)}
        column={search.column}
        onColumn={(column) => set({ column })}
      />
      <Versions versions={dataset.versions} />
      <div className="columns">
        <Panel title="Facts">
          <Facts
            left
            of={[
              ['Platform', dataset.platform],
              ['Kind', dataset.kind],
              ['First seen', <Time key="first" at={dataset.first_at} as="clock" />],
              ['Last seen', <Time key="last" at={dataset.last_at} as="clock" />],
              [
                'Dropped',
                dataset.dropped_at ? (
                  <Time key="dropped" at={dataset.dropped_at} as="clock" />
                ) : null,
              ],
              ...otherNames.map((name, at): [string, React.ReactNode] => [
                at ? ` ` : 'Other names',
                <span
                  key={`${name.namespace} ${name.name}`}
                  className="mono small"
                >{`${name.namespace} ${name.name}`}</span>,
              ]),
            ]}
          />
        </Panel>
        {Object.keys(dataset.facets).length > 0 && (
          <Panel title="Other facets">
            <Json of={dataset.facets} label="Other facets" />
          </Panel>
        )}
      </div>
      <Forget node={dataset.node} to="/datasets" />
    </>
  )
}

/** The router scrolls before the page is there: scroll when what stands above has loaded. */
function useScrollToHash() {
  const hash = useRouterState({ select: (state) => state.location.hash })
  const loading = useIsFetching()
  const reached = useRef('')
  useEffect(() => {
    if (!hash || reached.current === hash) return
    document.getElementById(hash)?.scrollIntoView()
    if (!loading) reached.current = hash
  }, [hash, loading])
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
