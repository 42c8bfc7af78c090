import { useMutation, useQueryClient } from '@tanstack/react-query'
import { RotateCw } from 'lucide-react'
import { post } from '../api/client'

interface Act {
  path: string
  params?: Record<string, string>
  label: string
  idle?: boolean // nothing to do
  told: (answer: Record<string, number>) => string
}

/** A button that asks the bridge to do something again, and says what came of it. */
export function Again({ path, params, label, idle, told }: Act) {
  const queries = useQueryClient()
  const act = useMutation({ mutationFn: () => post<Record<string, number>>(path, params), onSettled: () => queries.invalidateQueries() })
  return (
    <span className="row">
      {act.error ? <span style={{ color: 'var(--bad-text)' }}>{act.error.message}</span> : act.data ? <span role="status">{told(act.data)}</span> : null}
      <button type="button" className="button" disabled={act.isPending || idle} onClick={() => act.mutate()}>
        <RotateCw size={13} aria-hidden />
        {label}
      </button>
    </span>
  )
}
