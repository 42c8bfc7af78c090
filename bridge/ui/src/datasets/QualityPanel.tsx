import type { DatasetDetail } from '../api/schema'
import { Assertions } from '../parts/Assertions'
import { Facts, Panel } from '../parts/Panel'
import { Badge } from '../parts/State'
import { counted } from '../text/numbers'

/** The score of a dataset's quality with what it is made of, and its checks. */
export function QualityPanel({ dataset }: { dataset: DatasetDetail }) {
  const { quality, assertions } = dataset
  if (!assertions.length && quality.score === null) return null
  const failed = assertions.filter((one) => one.success === false).length
  return (
    <Panel title="Quality" note={counted(failed, 'failed assertion')} flush>
      {quality.score !== null && (
        <div className="panel-body">
          <Facts
            left
            of={[
              [
                'Score',
                <Badge
                  key="score"
                  tone={quality.score >= 1 ? 'ok' : quality.failed_checks ? 'bad' : 'warn'}
                >
                  {Math.floor(quality.score * 100)}%
                </Badge>,
              ],
              ['Made of', quality.text],
              ['Failed', quality.failed_checks],
              ['Row count', quality.row_count],
            ]}
          />
          <p className="faint small">
            The share of checks that passed when they were made last. A warning counts half, an
            unusual row count as a check that failed.
          </p>
        </div>
      )}
      {assertions.length > 0 && <Assertions of={assertions} runs />}
    </Panel>
  )
}
