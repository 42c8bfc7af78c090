import { describe, expect, it } from 'vitest'
import type { ReliabilityItem } from '../api/schema'
import { hasRecord, leastReliableFirst, percent } from './reliability'

const item = (label: string, more: Partial<ReliabilityItem> = {}): ReliabilityItem => ({
  name: label,
  label,
  promises: 0,
  kept: 0,
  kept_share: null,
  runs: 0,
  succeeded: 0,
  success_share: null,
  incidents: 0,
  time_to_detect: null,
  time_to_resolve: null,
  datasets: 1,
  datasets_left_out: 0,
  ...more,
})

describe('reliability', () => {
  it('lists the least reliable first, by the lower of its shares', () => {
    const found = leastReliableFirst([
      item('good', { kept_share: 1, success_share: 1 }),
      item('late', { kept_share: 0.5, success_share: 1 }),
      item('failing', { kept_share: null, success_share: 0.2 }),
      item('noted', { kept_share: 1, success_share: 1, incidents: 2 }),
    ])
    expect(found.map((one) => one.label)).toEqual(['failing', 'late', 'noted', 'good'])
  })
  it('leaves out what has nothing to count', () => {
    expect([item('a'), item('b', { runs: 1 })].filter(hasRecord).map((one) => one.label)).toEqual([
      'b',
    ])
  })
  it('never rounds up to 100%', () => {
    expect([1, 0.9999, 0.996, 0.5, 0].map(percent)).toEqual(['100%', '99.9%', '99.6%', '50%', '0%'])
  })
})
