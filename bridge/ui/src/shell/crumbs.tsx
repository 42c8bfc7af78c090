import { useRouterState } from '@tanstack/react-router'
import { ChevronRight } from 'lucide-react'
import { Fragment, type ReactNode, useEffect, useSyncExternalStore } from 'react'

// The page that is shown says where the reader is; the frame around it shows that.
let trail: ReactNode[] = []
const listeners = new Set<() => void>()

function set(next: ReactNode[]) {
  trail = next
  for (const listener of listeners) listener()
}

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Name the place of a page in the header and in the window's title. */
export function useTrail(title: string, ...before: ReactNode[]) {
  useEffect(() => {
    document.title = title ? `${title} · Fairlead` : 'Fairlead'
    set([...before, title])
    // The nodes before the title follow from it.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [title])
}

export function Crumbs() {
  const shown = useSyncExternalStore(subscribe, () => trail)
  const path = useRouterState({ select: (state) => state.location.pathname })
  return (
    <div className="crumbs" key={path}>
      {shown.map((part, at) => (
        <Fragment key={at}>
          {at > 0 && <ChevronRight size={13} aria-hidden />}
          <span className="cut">{part}</span>
        </Fragment>
      ))}
    </div>
  )
}
