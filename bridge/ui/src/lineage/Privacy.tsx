import { Fingerprint, ShieldAlert, ShieldCheck } from 'lucide-react'
import type { Graph } from '../api/schema'
import { counted } from '../text/numbers'
import { labelOf } from './graph'

/** Where personal data is tagged, and where it arrives untagged; shown under the PII lens. */
export function Privacy({ graph, onSelect }: { graph: Graph; onSelect: (node: string) => void }) {
  const tagged = graph.cards.filter((card) => card.personal.length)
  const reached = graph.cards.filter((card) => card.personal_reached.length)
  const masked = graph.cards.filter((card) => card.personal_masked.length)
  const tone = reached.length ? 'bad' : tagged.length ? 'ok' : 'non'
  const Icon = reached.length ? ShieldAlert : tagged.length ? ShieldCheck : Fingerprint
  const columns = reached.reduce((sum, card) => sum + card.personal_reached.length, 0)
  return (
    <div className="focus-status" role="region" aria-label="Personal data">
      <div className="sign" data-tone={tone}>
        <Icon size={18} aria-hidden />
      </div>
      <h2>
        {reached.length
          ? `Personal data reaches ${counted(columns, 'column')} of ${counted(reached.length, 'dataset')} without a tag`
          : tagged.length
            ? `Personal data stays in ${counted(tagged.length, 'dataset')}`
            : 'No tags for personal data'}
      </h2>
      <p>
        {tagged.length
          ? `By column lineage, from ${counted(tagged.length, 'tagged dataset')}${masked.length ? `; masked in ${counted(masked.length, 'dataset')}` : ''}.`
          : 'It is found by tags of datasets and columns: pii, phi, personal, gdpr.'}
      </p>
      {reached.length > 0 && (
        <div className="row wrap" style={{ gap: 5, marginTop: 7 }}>
          {reached.slice(0, 5).map((card) => (
            <button
              key={card.node}
              type="button"
              className="badge mono"
              data-tone="bad"
              style={{ border: 0, cursor: 'pointer' }}
              title={card.personal_reached.join(', ')}
              onClick={() => onSelect(card.node)}
            >
              {labelOf(card)}
            </button>
          ))}
          {reached.length > 5 && <span className="muted small">and {reached.length - 5} more</span>}
        </div>
      )}
    </div>
  )
}
