import { Link } from '@tanstack/react-router'
import type {
  Comparison,
  DatasetComparison,
  RunDetail,
  Setting,
  TaskComparison,
} from '../../api/schema'
import { useApi } from '../../api/client'
import { DatasetLink } from '../../parts/Names'
import { Time, Took } from '../../parts/Now'
import { Answer, Panel } from '../../parts/Panel'
import { Patch } from '../../parts/Patch'
import { SchemaLines } from '../../parts/SchemaDiff'
import { StateBadge } from '../../parts/State'
import { against, bytes, count, counted } from '../../text/numbers'
import { duration } from '../../text/time'
import { differs, sentenceOf } from './differences'

/** What is different from the last run that succeeded: the first question after a failure. */
export function Compared({ run }: { run: RunDetail }) {
  const answer = useApi<Comparison>(`runs/${encodeURIComponent(run.id)}/comparison`)
  return (
    <Panel
      title="Against the last good run"
      note={
        answer.data?.good && (
          <Link to="/runs/$id" params={{ id: answer.data.good.id }} className="link">
            of <Time at={answer.data.good.started_at} as="clock" />, <Took run={answer.data.good} />
          </Link>
        )
      }
    >
      <Answer of={answer} rows={3}>
        {(found) =>
          found.good ? (
            <Differences run={run} found={found} />
          ) : (
            <p className="muted">No earlier run of it succeeded.</p>
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
          <Patch
            lines={code.lines}
            label={`What changed in the ${code.what} of ${code.job.name}`}
          />
        </div>
      ))}
    </>
  )
}

function Tasks({ tasks, same }: { tasks: TaskComparison[]; same: number }) {
  return (
    <div className="part">
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th>Task</th>
              <th>Now</th>
              <th>Last good</th>
              <th className="right">Difference</th>
            </tr>
          </thead>
          <tbody>
            {tasks.map((task) => (
              <tr key={`${task.name} ${task.map_index ?? ''}`}>
                <td className="mono name cut">
                  {task.name}
                  {task.map_index === null ? '' : ` [${task.map_index}]`}
                </td>
                <Side run={task.run} />
                <Side run={task.good} />
                <td className="right num">
                  <Slower seconds={task.slower} usual={task.good?.duration ?? null} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {same > 0 && <p className="faint small">{counted(same, 'other task')} went as before.</p>}
    </div>
  )
}

function Side({ run }: { run: TaskComparison['run'] }) {
  if (!run) return <td className="faint">did not run</td>
  return (
    <td>
      <Link to="/runs/$id" params={{ id: run.id }} className="row link">
        <StateBadge state={run.state} /> <Took run={run} />
      </Link>
    </td>
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

const seen = { both: '', only_now: 'only now', only_before: 'not this time' }

function Datasets({ datasets, same }: { datasets: DatasetComparison[]; same: number }) {
  return (
    <div className="part">
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th>Dataset</th>
              <th>Role</th>
              <th className="right">Rows now</th>
              <th className="right">Rows then</th>
              <th className="right">Size now</th>
              <th className="right">Size then</th>
              <th>Columns</th>
            </tr>
          </thead>
          <tbody>
            {datasets.map((each) => (
              <tr key={`${each.role} ${each.dataset.id}`}>
                <td className="name">
                  <DatasetLink dataset={each.dataset} />
                </td>
                <td>
                  {each.role === 'input' ? 'read' : 'written'}
                  {each.seen !== 'both' && <span className="worse"> {seen[each.seen]}</span>}
                </td>
                <Figure value={each.row_count} other={each.good_row_count} as={count} />
                <Figure value={each.good_row_count} as={count} />
                <Figure value={each.byte_count} other={each.good_byte_count} as={bytes} />
                <Figure value={each.good_byte_count} as={bytes} />
                <td>
                  {each.changes.length ? (
                    <SchemaLines changes={each.changes} />
                  ) : (
                    <span className="faint">the same</span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {same > 0 && <p className="faint small">{counted(same, 'other dataset')} as before.</p>}
    </div>
  )
}

function Figure({
  value,
  other,
  as,
}: {
  value: number | null
  other?: number | null
  as: (value: number) => string
}) {
  if (value === null) return <td className="right faint">–</td>
  const told = against(value, other ?? null)
  return (
    <td className="right num">
      {as(value)}{' '}
      {told && (
        <span className={Math.abs(told.percent) >= 30 ? 'worse small' : 'faint small'}>
          {told.text}
        </span>
      )}
    </td>
  )
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
