import { describe, expect, it } from 'vitest'
import { guides } from './guides'
import { newRunId } from './runId'

const NOW = new Date('2026-11-30T12:00:00Z')
const RUN = '3f5e83fa-3480-44ff-99c5-ff943904e5e8'

const texts = (keyed: boolean, url = 'https://bridge.example/catalog') =>
  Object.fromEntries(
    guides({ url, keyed }, NOW, RUN).map((guide) => [
      guide.name,
      guide.steps.map((step) => step.code).join('\n'),
    ]),
  )

describe('guides', () => {
  it('name this bridge, whatever its address, and the key only where one is needed', () => {
    for (const code of Object.values(texts(false))) {
      expect(code).toContain('bridge.example')
      expect(code).not.toContain('KEY')
    }
    for (const code of Object.values(texts(true))) expect(code).toContain('YOUR_KEY')
  })

  it('send a test event that OpenLineage accepts: a run with an ID, a time and a job', () => {
    const code = texts(false)['Test event'] ?? ''
    const event = JSON.parse(code.slice(code.indexOf("'{") + 1, code.lastIndexOf("'")))
    expect(event).toMatchObject({
      eventType: 'COMPLETE',
      eventTime: NOW.toISOString(),
      run: { runId: RUN },
      job: { namespace: 'test', name: 'first_event' },
    })
  })

  it('connect Airflow by TLS where the bridge is reached by it', () => {
    const uri = (keyed: boolean, url: string) =>
      /'(fairlead:.*)'/.exec(texts(keyed, url).Airflow ?? '')?.[1]
    expect(uri(false, 'https://bridge.example')).toBe('fairlead://bridge.example/https')
    expect(uri(true, 'http://bridge:7070')).toBe('fairlead://:YOUR_KEY@bridge:7070')
    expect(uri(true, 'https://bridge.example/catalog')).toBeUndefined() // no place for the path
  })
})

describe('newRunId', () => {
  it('is a UUID of version 4, another one each time', () => {
    expect(newRunId()).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    expect(newRunId()).not.toBe(newRunId())
  })
})
