import { describe, expect, it } from 'vitest'
import { ending, firstLine, fitted, initials, pathOf, shortName, tile } from './names'
import { against, bytes, counted } from './numbers'
import { neverRan } from './state'
import { changeWords, isBreaking } from '../changes/changes'
import { about, age, ago, clock, duration, durationTicks, exact, utc } from './time'

const NOON = Date.parse('2026-11-20T12:00:00Z')

describe('names', () => {
  it('are shown by their last part', () => {
    expect(shortName('shop.public.orders')).toBe('orders')
    expect(pathOf('shop.public.orders')).toBe('shop.public')
    expect(shortName('/data/in/orders.csv')).toBe('orders.csv')
    expect(pathOf('/data/in/orders.csv')).toBe('/data/in')
  })
  it('are shown with the part before where the last one says nothing', () => {
    expect(shortName('shop.orders.v1')).toBe('orders.v1')
    expect(shortName('orders.v1')).toBe('orders.v1')
    expect(shortName('/lake/orders/v2')).toBe('orders/v2')
    expect(shortName('exports.shop.orders.json')).toBe('orders.json')
    expect(pathOf('shop.orders.v1')).toBe('shop')
    expect(pathOf('/lake/orders/v2')).toBe('/lake')
  })
  it('of a description keep underscores that are no emphasis', () => {
    expect(firstLine('Reads `stg__orders` and __init__.py of stg__items')).toBe(
      'Reads stg__orders and __init__.py of stg__items',
    )
    expect(firstLine('__Orders__ of **all** shops')).toBe('Orders of all shops')
  })
  it('stay whole where a part would not identify it', () => {
    expect(shortName('orders.csv')).toBe('orders.csv')
    expect(pathOf('orders.csv')).toBe('')
    expect(shortName('public.orders')).toBe('public.orders')
    expect(shortName('/lake/')).toBe('/lake/')
    expect(shortName('')).toBe('')
  })
  it('are cut in the middle, never inside a letter', () => {
    expect(fitted('a_rather_long_table_name', 11)).toBe('a_rat…_name')
    expect(fitted('😀😀😀😀😀😀', 5)).toBe('😀😀…😀😀')
    expect(fitted('short', 11)).toBe('short')
    expect(ending('sqlite:///srv/shop/warehouse.db', 18)).toBe('…/warehouse.db')
    expect(ending('/srv/a_long_folder_name', 10)).toBe('…lder_name')
    expect(ending('shop.public', 14)).toBe('shop.public')
  })
  it('shows the first line of a description as plain text', () => {
    expect(firstLine('\n### Where the **parcels** are\nmore')).toBe('Where the parcels are')
    expect(firstLine('- see [the `runbook`](https://x.example)')).toBe('see the runbook')
    expect(firstLine('---\n')).toBe('')
    expect(firstLine(null)).toBe('')
  })
  it('of platforms and owners become two letters', () => {
    expect(tile('postgres')[0]).toBe('PG')
    expect(tile('iceberg')[0]).toBe('IC')
    expect(tile(null)[0]).toBe('?')
    expect(initials('Payments Eng')).toBe('PE')
    expect(initials('user:anna')).toBe('AN')
    expect(initials('')).toBe('?')
  })
})

describe('times', () => {
  it('get coarser the longer ago they are', () => {
    expect(ago('2026-11-20T11:59:40Z', NOON)).toBe('just now')
    expect(age('2026-11-20T11:46:00Z', NOON)).toBe('14m')
    expect(age('2026-11-20T07:29:00Z', NOON)).toBe('4h 31m')
    expect(age('2026-11-17T11:00:00Z', NOON)).toBe('3d 1h')
    expect(age('2026-11-19T10:00:00Z', NOON)).toBe('1d 2h')
    expect(age('2026-11-19T12:00:00Z', NOON)).toBe('1d')
    expect(age('2026-11-13T05:59:00Z', NOON)).toBe('7d 6h')
    expect(age('2026-11-01T00:00:00Z', NOON)).toBe('19d 12h')
    expect(age('2026-08-01T00:00:00Z', NOON)).toBe('3mo')
    expect(age('2026-11-20T12:00:30Z', NOON)).toBe('now')
  })
  it('are shown in the local time zone, and in UTC on demand', () => {
    expect(clock('2026-11-20T08:24:11Z', NOON, 'UTC')).toBe('08:24')
    expect(clock('2026-11-20T23:24:11Z', NOON, 'Asia/Tokyo')).toBe('21 Nov 08:24')
    expect(clock('2025-11-19T08:24:11Z', NOON, 'UTC')).toBe('19 Nov 2025 08:24')
    expect(exact('2026-11-20T08:24:11Z', NOON, 'UTC')).toBe('08:24:11')
    expect(utc('2026-11-20T08:24:11.250000Z')).toBe('2026-11-20 08:24:11.250 UTC')
    expect(utc('2026-11-20T08:24:11Z')).toBe('2026-11-20 08:24:11 UTC')
  })
  it('span from milliseconds to days', () => {
    expect([0.12, 4.25, 38, 125, 4320, 273600].map(duration)).toEqual([
      '120ms',
      '4.3s',
      '38s',
      '2m 05s',
      '1h 12m',
      '3d 4h',
    ])
    expect(duration(59.7)).toBe('1m 00s')
    expect(duration(-5)).toBe('-5.0s')
  })
  it('are round where the seconds do not matter', () => {
    expect([59, 3599, 4321, 93_780, 86_399, 300_000].map(about)).toEqual([
      '59s',
      '1h',
      '1h 12m',
      '1d 2h',
      '1d',
      '3d 11h',
    ])
  })
  it('mark an axis at times that a clock has', () => {
    expect(durationTicks(10_000, 3)).toEqual([0, 3600, 7200])
    expect(durationTicks(250, 3)).toEqual([0, 120, 240])
    expect(durationTicks(0.2, 3)).toEqual([0, 0.1, 0.2])
    expect(durationTicks(90 * 86_400, 3).length).toBe(4)
  })
})

describe('changes', () => {
  it('are described in words, breaking ones first', () => {
    const change = (kind: 'added' | 'removed' | 'type', column: string) => ({
      change: kind,
      column,
      before: null,
      after: null,
      breaking: kind === 'removed',
    })
    const version = { changes: [change('added', 'a'), change('removed', 'b'), change('type', 'c')] }
    expect(changeWords(version)).toBe('removed b; changed the type of c; added a')
    expect(isBreaking(version)).toBe(true)
    expect(isBreaking({ changes: [change('added', 'a')] })).toBe(false)
    expect(changeWords({ changes: [] })).toBe('only descriptions or the column order')
  })
})

describe('numbers', () => {
  it('carry their unit', () => {
    expect(bytes(950)).toBe('950 B')
    expect(bytes(3_140_000)).toBe('3.1 MB')
    expect(counted(1, 'task')).toBe('1 task')
    expect(counted(1200, 'task')).toBe('1,200 tasks')
  })
  it('compare with the usual, and say nothing when there is nothing to say', () => {
    expect(against(148, 100)?.text).toBe('+48%')
    expect(against(50, 100)?.text).toBe('−50%')
    expect(against(100.5, 100)).toBeNull()
    expect(against(10, null)).toBeNull()
  })
})

describe('runs', () => {
  it('that were blocked or skipped before they began did not run', () => {
    expect(neverRan({ state: 'upstream_failed', duration: 0 })).toBe(true)
    expect(neverRan({ state: 'skipped', duration: null })).toBe(true)
    expect(neverRan({ state: 'skipped', duration: 1.5 })).toBe(false)
    expect(neverRan({ state: 'success', duration: 0 })).toBe(false)
  })
})
