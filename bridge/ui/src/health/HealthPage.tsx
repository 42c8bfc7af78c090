import { useApi } from '../api/client'
import type {
  AtRisk as AtRiskAnswer,
  Health as HealthAnswer,
  Incident,
  Overview,
} from '../api/schema'
import { Assertions } from '../parts/Assertions'
import { Answer, Panel } from '../parts/Panel'
import { ReliabilityPanel } from '../reliability/ReliabilityPanel'
import { useTrail } from '../shell/crumbs'
import { counted } from '../text/numbers'
import { FirstEvent, useFirstEvent } from '../welcome/FirstEvent'
import { Welcome } from '../welcome/Welcome'
import { AtRiskDatasets } from './AtRiskDatasets'
import { FailingJobs } from './FailingJobs'
import { Figures } from './Figures'
import { Headline } from './Headline'
import { ImportErrors } from './ImportErrors'
import { AtRisk, OpenIncidents } from './Incidents'
import { RecentChanges } from './RecentChanges'
import { RecentRuns } from './RecentRuns'
import { Sources } from './Sources'

const LIMIT = 100

interface Page {
  items: Incident[]
  next: string | null
}

/** Incidents by state: those to be seen to, the worst first, and muted ones. */
function useIncidents() {
  const active = useApi<Page>('incidents', { state: 'active', order: 'worst', limit: LIMIT })
  const muted = useApi<Page>('incidents', { state: 'muted', limit: LIMIT })
  return {
    incidents: active.data?.items ?? [],
    muted: muted.data?.items ?? [],
    more: Boolean(active.data?.next),
  }
}

export default function Health() {
  useTrail('Health')
  const overview = useApi<Overview>('overview')
  const health = useApi<HealthAnswer>('health')
  const risk = useApi<AtRiskAnswer>('at-risk')
  const first = useFirstEvent(overview.data)
  const { incidents, muted, more } = useIncidents()
  const covered = new Set(
    [...incidents, ...muted].flatMap((one) => one.affected.map((each) => each.node)),
  )
  // Incidents are opened in the background: what has none yet is listed by itself.
  const others = (risk.data?.items ?? []).filter(({ dataset }) => !covered.has(dataset.node))
  const problems = [...(health.data?.problems ?? []), ...(health.data?.warnings ?? [])]
  return (
    <div className="page-body">
      <h1 className="hidden-text">Health</h1>
      <Answer of={overview} rows={10}>
        {(now) => (
          <>
            <Headline
              overview={now}
              incidents={incidents}
              inTrouble={risk.data?.datasets ?? 0}
              problems={problems}
            />
            {first && <FirstEvent run={first} />}
            {now.counts.jobs ? (
              <>
                {incidents.length + muted.length > 0 && (
                  <OpenIncidents incidents={incidents} muted={muted.length} more={more} />
                )}
                <AtRisk incidents={incidents} />
                <Figures overview={now} health={health.data} />
                {others.length > 0 && (
                  <AtRiskDatasets
                    troubles={others}
                    cut={(risk.data?.items.length ?? 0) < (risk.data?.datasets ?? 0)}
                  />
                )}
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
                <ReliabilityPanel />
                <div className="columns">
                  <RecentRuns runs={now.recent_runs} running={now.running} />
                  <RecentChanges />
                </div>
                <Sources sources={now.sources} />
              </>
            ) : (
              <>
                <Figures overview={now} health={health.data} />
                <Welcome inbox={health.data?.inbox} />
              </>
            )}
          </>
        )}
      </Answer>
    </div>
  )
}
