import { useMutation, useQueryClient } from '@tanstack/react-query'
import { RotateCw } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { Refusal, post, showKey } from '../api/client'

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
  const act = useMutation({
    mutationFn: () => post<Record<string, number>>(path, params),
    onSettled: () => queries.invalidateQueries(),
  })
  if (act.error instanceof Refusal && act.error.status === 401)
    return <KeyField again={() => act.mutate()} />
  return (
    <span className="row">
      {act.error ? (
        <span style={{ color: 'var(--bad-text)' }}>{act.error.message}</span>
      ) : act.data ? (
        <span role="status">{told(act.data)}</span>
      ) : null}
      <button
        type="button"
        className="button"
        disabled={act.isPending || idle}
        onClick={() => act.mutate()}
      >
        <RotateCw size={13} aria-hidden />
        {label}
      </button>
    </span>
  )
}

/** Asks for one of the bridge's keys, and tries again with it. */
function KeyField({ again }: { again: () => void }) {
  const [key, setKey] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    showKey(key.trim())
    again()
  }
  return (
    <form className="row" onSubmit={submit}>
      <span className="small" role="alert">
        This needs one of the bridge’s API keys.
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
        Try again
      </button>
    </form>
  )
}
