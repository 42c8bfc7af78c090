import { useEffect, useEffectEvent } from 'react'

/** Whether a key press belongs to a text field. */
export function typing(event: KeyboardEvent): boolean {
  const target = event.target
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  )
}

/** The name of a pressed key in `useKeys`: "u", "U", "ArrowLeft", "Control+f"; null if it is none. */
function nameOf(event: KeyboardEvent): string | null {
  if (event.altKey) return null
  if (event.metaKey || event.ctrlKey) return event.shiftKey ? null : `Control+${event.key}`
  return typing(event) ? null : event.key
}

/** Call the action of a pressed key; keys typed into text fields are ignored. */
export function useKeys(actions: Record<string, () => void>) {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const name = nameOf(event)
    const action = name === null ? undefined : actions[name]
    if (!name || !action) return
    if (name.startsWith('Arrow') || name.startsWith('Control+')) event.preventDefault()
    action()
  })
  useEffect(() => {
    const listener = (event: KeyboardEvent) => onKey(event)
    window.addEventListener('keydown', listener)
    return () => window.removeEventListener('keydown', listener)
  }, [])
}
