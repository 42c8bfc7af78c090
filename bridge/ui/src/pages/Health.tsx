import type { AtRisk, Health as HealthAnswer, Overview } from '../api/schema'
import { useApi } from '../api/client'
import { Assertions } from '../parts/Assertions'
import { Answer, Panel } from '../parts/Panel'
import { counted } from '../text/numbers'
import { useTrail } from '../shell/crumbs'
import { Changed } from './health/Changed'
import { DagFiles } from './health/DagFiles'
import { Failing } from './health/Failing'
import { Figures } from './health/Figures'
import { Headline } from './health/Headline'
import { Recent } from './health/Recent'
import { Sources } from './health/Sources'
import { Troubles } from './health/Troubles'
import { Welcome } from './health/Welcome'

export default function Health() {
  useTrail('Health')
  const overview = useApi<Overview>('overview')
  const health = useApi<HealthAnswer>('health')
  const risk = useApi<AtRisk>('at-risk')
  const troubles = risk.data?.items ?? []
  const affected = risk.data?.datasets ?? troubles.length
  return (
    <div className="page-body">
      <h1 className="hidden-text">Health</h1>
      <Answer of={overview} rows={10}>
        {(now) => (
          <>
            <Headline
              overview={now}
              troubles={troubles}
              affected={affected}
              silent={now.sources.filter((source) => source.silent_since)}
              problems={[...(health.data?.problems ?? []), ...(health.data?.warnings ?? [])]}
            />
            <Figures overview={now} health={health.data} />
            {now.counts.jobs ? (
              <>
                {troubles.length > 0 && <Troubles troubles={troubles} affected={affected} />}
                {now.failing.length > 0 && (
                  <Failing jobs={now.failing} total={now.counts.failing ?? now.failing.length} />
                )}
                {now.failed_assertions.length > 0 && (
                  <Panel
                    title="Failed assertions about data"
                    note={counted(
                      now.counts.failed_assertions ?? now.failed_assertions.length,
                      'failed assertion',
                    )}
                    flush
                  >
                    <Assertions of={now.failed_assertions} named runs />
                  </Panel>
                )}
                {now.dag_files.length > 0 && <DagFiles files={now.dag_files} />}
                <div className="columns">
                  <Recent runs={now.recent_runs} running={now.running} />
                  <Changed />
                </div>
                <Sources sources={now.sources} />
              </>
            ) : (
              <Welcome />
            )}
          </>
        )}
      </Answer>
    </div>
  )
}
