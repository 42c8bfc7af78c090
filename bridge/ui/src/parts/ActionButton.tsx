import { useMutation, useQueryClient } from '@tanstack/react-query'
import { RotateCw } from 'lucide-react'
import { post } from '../api/client'

interface Action {
  path: string
  params?: Record<string, string>
  label: string
  idle?: boolean // disabled: nothing to do
  outcome: (answer: Record<string, number>) => string
}

/** A button that posts to the API and shows the outcome. */
export function ActionButton({ path, params, label, idle, outcome }: Action) {
  const queries = useQueryClient()
  const action = useMutation({
    mutationFn: () =>
      post<Record<string, number>>(path, params).finally(() => void queries.invalidateQueries()),
  })
  return (
    <span className="row">
      {action.error ? (
        <span role="alert" style={{ color: 'var(--bad-text)' }}>
          {action.error.message}
        </span>
      ) : action.data ? (
        <span role="status">{outcome(action.data)}</span>
      ) : null}
      <button
        type="button"
        className="button"
        disabled={action.isPending || idle}
        onClick={() => action.mutate()}
      >
        <RotateCw size={13} aria-hidden />
        {label}
      </button>
    </span>
  )
}
