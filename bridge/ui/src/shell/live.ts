import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { addressOf } from '../api/client'

export interface Live {
  connected: boolean
  heardAt: number | null
}

const PAUSE = 700

/**
 * Follows the bridge's stream of changes and renews what is on the screen when something changed.
 * The browser reconnects by itself; after a gap everything is renewed once.
 */
export function useLive(): Live {
  const queries = useQueryClient()
  const [live, setLive] = useState<Live>({ connected: false, heardAt: null })
  useEffect(() => {
    const source = new EventSource(addressOf('stream'))
    let waiting: ReturnType<typeof setTimeout> | undefined
    let opened = false
    const renew = () => {
      // A burst of changes is one renewal.
      waiting ??= setTimeout(() => {
        waiting = undefined
        void queries.invalidateQueries()
      }, PAUSE)
    }
    const heard = () => setLive({ connected: true, heardAt: Date.now() })
    source.addEventListener('open', () => {
      heard()
      if (opened) renew()
      opened = true
    })
    source.addEventListener('change', () => {
      heard()
      renew()
    })
    source.addEventListener('alive', heard)
    source.addEventListener('error', () => setLive((before) => ({ ...before, connected: false })))
    return () => {
      clearTimeout(waiting)
      source.close()
    }
  }, [queries])
  return live
}
