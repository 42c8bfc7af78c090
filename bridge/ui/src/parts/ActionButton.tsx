import { useMutation, useQueryClient } from '@tanstack/react-query'
import { RotateCw } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { ApiError, post, rememberKey } from '../api/client'

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
  if (action.error instanceof ApiError && action.error.status === 401)
    return <KeyField retry={() => action.mutate()} />
  return (
    <span className="row">
      {action.error ? (
        <span style={{ color: 'var(--bad-text)' }}>{action.error.message}</span>
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

/** Ask for an API key and retry with it. */
function KeyField({ retry }: { retry: () => void }) {
  const [key, setKey] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    rememberKey(key.trim())
    retry()
  }
  return (
    <form className="row" onSubmit={submit}>
      <span className="small" role="alert">
        This needs an API key.
      </span>
      <input
        className="field"
        type="password"
        autoComplete="off"
        aria-label="API key"
        placeholder="API key"
        value={key}
        onChange={(event) => setKey(event.target.value)}
      />
      <button type="submit" className="button" disabled={!key.trim()}>
        Try retry
      </button>
    </form>
  )
}
