import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { addressOf } from '../api/client'

export interface Live {
  connected: boolean
  heardAt: number | null
}

const PAUSE = 700

/**
 * Follow the server's stream of changes and refetch what is on the screen after a change.
 * The browser reconnects by itself; after a gap everything is refetched once.
 */
export function useLive(): Live {
  const queries = useQueryClient()
  const [live, setLive] = useState<Live>({ connected: false, heardAt: null })
  useEffect(() => {
    const source = new EventSource(addressOf('stream'))
    let waiting: ReturnType<typeof setTimeout> | undefined
    let opened = false
    const refetch = () => {
      // A burst of changes causes one refetch.
      waiting ??= setTimeout(() => {
        waiting = undefined
        void queries.invalidateQueries()
      }, PAUSE)
    }
    const heard = () => setLive({ connected: true, heardAt: Date.now() })
    source.addEventListener('open', () => {
      heard()
      if (opened) refetch()
      opened = true
    })
    source.addEventListener('change', () => {
      heard()
      refetch()
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
