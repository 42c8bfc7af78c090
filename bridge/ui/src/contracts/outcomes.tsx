import type { ContractFinding } from '../api/schema'
import { Badge } from '../parts/State'
import type { Tone } from '../text/state'

/** The words and colours of what is said of a contract. */
export const outcomes: Record<ContractFinding['verdict'], [Tone, string]> = {
  kept: ['ok', 'As promised'],
  broken: ['bad', 'Broken'],
  unknown: ['non', 'Unknown'],
}

export const aspects = ['schema', 'freshness', 'quality', 'owner'] as const

export function OutcomeBadge({ verdict }: Pick<ContractFinding, 'verdict'>) {
  const [tone, word] = outcomes[verdict]
  return <Badge tone={tone}>{word}</Badge>
}

/** Whether one aspect is as promised, with the reason; what is not promised counts for nothing. */
export function Reason({ of }: { of: ContractFinding | undefined }) {
  if (!of) return null
  if (!of.promised) return <span className="faint small">Not promised</span>
  return (
    <span className="row wrap" style={{ gap: 6 }}>
      <OutcomeBadge verdict={of.verdict} />
      <span className="small muted">{of.reason}</span>
    </span>
  )
}
