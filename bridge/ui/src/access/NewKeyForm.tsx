import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { post } from '../api/client'
import type { Key, NewKey, Secret } from '../api/schema'

const roles: [Key['roles'][number], string][] = [
  ['sender', 'send events'],
  ['viewer', 'read'],
  ['editor', 'read, and change what people state'],
  ['operator', 'that, and replay and retry'],
  ['admin', 'everything'],
]

/** Ask for the name, roles, namespaces and lifetime of a new key. */
export function NewKeyForm({
  onCreated,
  onCancel,
}: {
  onCreated: (secret: Secret) => void
  onCancel: () => void
}) {
  const [name, setName] = useState('')
  const [chosen, setChosen] = useState<Key['roles']>(['sender'])
  const [namespaces, setNamespaces] = useState('*')
  const [days, setDays] = useState('365')
  const queries = useQueryClient()
  const create = useMutation({
    mutationFn: (key: Required<NewKey>) => post<Secret>('keys', {}, key),
    onSuccess: (created) => {
      void queries.invalidateQueries()
      onCreated(created)
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate({
      name: name.trim(),
      roles: chosen,
      namespaces: namespaces.split(',').flatMap((part) => part.trim() || []),
      expires_days: days.trim() ? Number(days) : null,
    })
  }
  return (
    <form className="panel-body key-form" onSubmit={submit}>
      <label>
        Name
        <input
          className="field"
          autoFocus
          required
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <fieldset>
        <legend>Roles</legend>
        {roles.map(([role, meaning]) => (
          <label key={role} className="row">
            <input
              type="checkbox"
              checked={chosen.includes(role)}
              onChange={({ target }) =>
                setChosen(
                  target.checked ? [...chosen, role] : chosen.filter((each) => each !== role),
                )
              }
            />
            {role} <span className="muted small">{meaning}</span>
          </label>
        ))}
      </fieldset>
      <label>
        Namespaces, as shell patterns separated by commas
        <input
          className="field"
          required
          value={namespaces}
          onChange={(event) => setNamespaces(event.target.value)}
        />
      </label>
      <label>
        Days until it expires; empty: never
        <input
          className="field"
          type="number"
          min={1}
          value={days}
          onChange={(event) => setDays(event.target.value)}
        />
      </label>
      <div className="row">
        <button
          type="submit"
          className="button"
          data-primary
          disabled={create.isPending || !name.trim() || !chosen.length}
        >
          Create key
        </button>
        <button type="button" className="button" onClick={onCancel}>
          Cancel
        </button>
        {create.error && (
          <span role="alert" className="bad-words small">
            {create.error.message}
          </span>
        )}
      </div>
    </form>
  )
}
