import { describe, expect, it } from 'vitest'
import type { AffectedNode, Incident } from '../api/schema'
import { affectedText, atRisk, lastEta, ownersOf, standingText } from './incidents'

const affected = (name: string, more: Partial<AffectedNode> = {}): AffectedNode => ({
  node: `dataset:ns:${name}`,
  label: name,
  standing: 'late',
  owners: [],
  expected_by: null,
  eta: null,
  ...more,
})
const incident = (id: number, more: Partial<Incident> = {}): Incident => ({
  id,
  state: 'open',
  severity: 'warning',
  kind: 'failed_run',
  node: 'job:ns:load',
  run_id: null,
  at: '2026-11-20T04:00:00Z',
  text: 'load failed',
  path: [],
  opened_at: '2026-11-20T04:00:00Z',
  detected_at: '2026-11-20T04:00:00Z',
  changed_at: '2026-11-20T04:00:00Z',
  resolved_at: null,
  resolved_by: null,
  acknowledged_by: null,
  assigned_to: null,
  reopened: 0,
  running_again: false,
  affected: [],
  affected_left_out: 0,
  ...more,
})

describe('incidents', () => {
  it('name what they affect, how it stands and whose it is', () => {
    const one = incident(1, {
      affected: [
        affected('a', { owners: ['Ben', 'Anna'] }),
        affected('b', { standing: 'failed', owners: ['Anna'] }),
        affected('job', { node: 'job:ns:job', standing: 'failed' }),
      ],
    })
    expect(affectedText(one)).toBe('2 datasets and 1 job')
    expect(standingText(one)).toBe('2 failed, 1 late')
    expect(ownersOf(one)).toEqual(['Anna', 'Ben'])
  })
  it('have the latest of the known ETAs, and none where none is known', () => {
    const eta = (at: string | null) => affected('a', { eta: at })
    expect(lastEta(incident(1, { affected: [eta(null)] }))).toBe(null)
    expect(
      lastEta(
        incident(1, {
          affected: [eta('2026-11-20T07:00:00Z'), eta(null), eta('2026-11-20T06:00:00Z')],
        }),
      ),
    ).toBe('2026-11-20T07:00:00Z')
  })
  it('say when each dataset at risk will be late, the next first', () => {
    const risk = (name: string, by: string | null) =>
      affected(name, { standing: 'at_risk', expected_by: by })
    const found = atRisk([
      incident(1, { affected: [risk('later', '2026-11-20T09:00:00Z'), affected('late')] }),
      incident(2, { affected: [risk('open', null), risk('soon', '2026-11-20T07:00:00Z')] }),
    ])
    expect(found.map((one) => one.affected.label)).toEqual(['soon', 'later', 'open'])
  })
})
