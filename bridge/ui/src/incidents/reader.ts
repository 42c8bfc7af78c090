import { useSyncExternalStore } from 'react'

const KEY = 'fairlead.name'
const listeners = new Set<() => void>()

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function rememberName(name: string) {
  localStorage.setItem(KEY, name)
  for (const listener of listeners) listener()
}

/** The name under which the reader acts on incidents, remembered in this browser; "" if unknown. */
export function useName(): [string, (name: string) => void] {
  return [useSyncExternalStore(subscribe, () => localStorage.getItem(KEY) ?? ''), rememberName]
}
