import type { AtRisk, Health as HealthAnswer, Overview } from '../api/schema'
import { useApi } from '../api/client'
import { Assertions } from '../parts/Assertions'
import { Answer, Panel } from '../parts/Panel'
import { counted } from '../text/numbers'
import { useTrail } from '../shell/crumbs'
import { RecentChanges } from './RecentChanges'
import { ImportErrors } from './ImportErrors'
import { FailingJobs } from './FailingJobs'
import { Figures } from './Figures'
import { Headline } from './Headline'
import { RecentRuns } from './RecentRuns'
import { Sources } from './Sources'
import { AtRiskDatasets } from './AtRiskDatasets'
import { Welcome } from './Welcome'

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
              silentSources={now.sources.filter((source) => source.silent_since)}
              problems={[...(health.data?.problems ?? []), ...(health.data?.warnings ?? [])]}
            />
            <Figures overview={now} health={health.data} />
            {now.counts.jobs ? (
              <>
                {troubles.length > 0 && <AtRiskDatasets troubles={troubles} affected={affected} />}
                {now.failing.length > 0 && (
                  <FailingJobs
                    jobs={now.failing}
                    total={now.counts.failing ?? now.failing.length}
                  />
                )}
                {now.failed_assertions.length > 0 && (
                  <Panel
                    title="Failed assertions"
                    note={counted(
                      now.counts.failed_assertions ?? now.failed_assertions.length,
                      'failed assertion',
                    )}
                    flush
                  >
                    <Assertions of={now.failed_assertions} named runs />
                  </Panel>
                )}
                {now.dag_files.length > 0 && <ImportErrors files={now.dag_files} />}
                <div className="columns">
                  <RecentRuns runs={now.recent_runs} running={now.running} />
                  <RecentChanges />
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
