import { Link } from '@tanstack/react-router'
import type {
  Comparison,
  DatasetComparison,
  RunDetail,
  Setting,
  TaskComparison,
} from '../api/schema'
import { useApi } from '../api/client'
import { DatasetLink } from '../parts/Names'
import { Time, RunDuration } from '../parts/Now'
import { Answer, Panel } from '../parts/Panel'
import { Patch } from '../parts/Patch'
import { SchemaLines } from '../changes/SchemaDiff'
import { StateBadge } from '../parts/State'
import { none, Table, type TableColumn } from '../parts/Table'
import { against, bytes, count, counted } from '../text/numbers'
import { duration } from '../text/time'
import { differs, sentenceOf } from './differences'

/** The differences from the last successful run: the first question after a failure. */
export function ComparisonPanel({ run }: { run: RunDetail }) {
  const answer = useApi<Comparison>(`runs/${encodeURIComponent(run.id)}/comparison`)
  return (
    <Panel
      title="Compared with the last successful run"
      note={
        answer.data?.good && (
          <Link to="/runs/$id" params={{ id: answer.data.good.id }} className="link">
            of <Time at={answer.data.good.started_at} as="clock" />,{' '}
            <RunDuration run={answer.data.good} />
          </Link>
        )
      }
    >
      <Answer of={answer} rows={3}>
        {(found) =>
          found.good ? (
            <Differences run={run} found={found} />
          ) : (
            <p className="muted">No earlier run succeeded.</p>
          )
        }
      </Answer>
    </Panel>
  )
}

function Differences({ run, found }: { run: RunDetail; found: Comparison }) {
  const tasks = found.tasks.filter(differs)
  const datasets = found.datasets.filter(
    (each) =>
      each.changes.length ||
      each.seen !== 'both' ||
      each.row_count !== each.good_row_count ||
      each.byte_count !== each.good_byte_count,
  )
  return (
    <>
      <p className="sentence">{sentenceOf(run, found)}</p>
      {tasks.length > 0 && <Tasks tasks={tasks} same={found.tasks.length - tasks.length} />}
      {datasets.length > 0 && (
        <Datasets datasets={datasets} same={found.datasets.length - datasets.length} />
      )}
      {found.settings.length > 0 && <Settings settings={found.settings} />}
      {found.code.map((code) => (
        <div className="part" key={`${code.job.namespace} ${code.job.name} ${code.what}`}>
          <h3>
            {code.what} of <span className="mono">{code.job.name}</span>
          </h3>
          <Patch lines={code.lines} label={`Changes in the ${code.what} of ${code.job.name}`} />
        </div>
      ))}
    </>
  )
}

function Tasks({ tasks, same }: { tasks: TaskComparison[]; same: number }) {
  return (
    <div className="part">
      <Table
        rows={tasks}
        rowKey={(task) => `${task.name} ${task.map_index ?? ''}`}
        columns={[
          {
            title: 'Task',
            className: 'mono name cut',
            cell: (task) => `${task.name}${task.map_index === null ? '' : ` [${task.map_index}]`}`,
          },
          { title: 'Now', cell: (task) => <Side run={task.run} /> },
          { title: 'Last good', cell: (task) => <Side run={task.good} /> },
          {
            title: 'Difference',
            right: true,
            className: 'num',
            cell: (task) => <Slower seconds={task.slower} usual={task.good?.duration ?? null} />,
          },
        ]}
      />
      {same > 0 && <p className="faint small">{counted(same, 'other task')} unchanged.</p>}
    </div>
  )
}

function Side({ run }: { run: TaskComparison['run'] }) {
  if (!run) return <span className="faint">did not run</span>
  return (
    <Link to="/runs/$id" params={{ id: run.id }} className="row link">
      <StateBadge state={run.state} /> <RunDuration run={run} />
    </Link>
  )
}

function Slower({ seconds, usual }: { seconds: number | null; usual: number | null }) {
  if (seconds === null || Math.abs(seconds) < 0.05) return <span className="faint">–</span>
  const percent = against(seconds + (usual ?? 0), usual)?.text
  return (
    <span className={seconds > 0 ? 'worse' : 'better'}>
      {seconds > 0 ? '+' : '−'}
      {duration(Math.abs(seconds))}
      {percent ? ` (${percent})` : ''}
    </span>
  )
}

const seen = { both: '', only_now: 'new', only_before: 'missing' }

function Datasets({ datasets, same }: { datasets: DatasetComparison[]; same: number }) {
  return (
    <div className="part">
      <Table
        rows={datasets}
        rowKey={(each) => `${each.role} ${each.dataset.id}`}
        columns={[
          {
            title: 'Dataset',
            className: 'name',
            cell: (each) => <DatasetLink dataset={each.dataset} />,
          },
          {
            title: 'Role',
            cell: (each) => (
              <>
                {each.role === 'input' ? 'read' : 'written'}
                {each.seen !== 'both' && <span className="worse"> {seen[each.seen]}</span>}
              </>
            ),
          },
          figure('Rows now', count, (each) => [each.row_count, each.good_row_count]),
          figure('Rows then', count, (each) => [each.good_row_count]),
          figure('Size now', bytes, (each) => [each.byte_count, each.good_byte_count]),
          figure('Size then', bytes, (each) => [each.good_byte_count]),
          {
            title: 'Columns',
            cell: (each) =>
              each.changes.length ? (
                <SchemaLines changes={each.changes} />
              ) : (
                <span className="faint">unchanged</span>
              ),
          },
        ]}
      />
      {same > 0 && <p className="faint small">{counted(same, 'other dataset')} unchanged.</p>}
    </div>
  )
}

type Figures = (each: DatasetComparison) => [number | null, (number | null)?]

/** A column of numbers, compared with the second of its figures if there is one. */
function figure(
  title: string,
  as: (value: number) => string,
  of: Figures,
): TableColumn<DatasetComparison> {
  return {
    title,
    right: true,
    className: 'num',
    cell: (each) => {
      const [value, other] = of(each)
      if (value === null) return none
      const change = against(value, other ?? null)
      return (
        <>
          {as(value)}{' '}
          {change && (
            <span className={Math.abs(change.percent) >= 30 ? 'worse small' : 'faint small'}>
              {change.text}
            </span>
          )}
        </>
      )
    },
  }
}

function Settings({ settings }: { settings: Setting[] }) {
  return (
    <div className="part">
      <dl className="facts left">
        {settings.map((each) => (
          <div
            key={`${each.name} ${each.before ?? ''} ${each.after ?? ''}`}
            style={{ display: 'contents' }}
          >
            <dt>{each.name}</dt>
            <dd>
              <span className="mono small">{each.before ?? 'none'}</span> →{' '}
              <b className="mono small">{each.after ?? 'none'}</b>
              {each.jobs.length > 0 && (
                <span className="faint small">
                  {' '}
                  {each.jobs.length > 3
                    ? `in ${counted(each.jobs.length, 'job')}`
                    : each.jobs.join(', ')}
                </span>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  )
}
