import { type FormEvent, useState } from 'react'
import { rememberKey } from '../api/client'

/** Ask for an API key and retry with it. */
export function KeyField({ retry }: { retry: () => void }) {
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
        Try again
      </button>
    </form>
  )
}
