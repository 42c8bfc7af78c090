import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { post, useList } from '../api/client'
import type { Key, Secret } from '../api/schema'
import { More } from '../parts/More'
import { Time } from '../parts/Now'
import { Answer, Empty } from '../parts/Panel'
import { Badge } from '../parts/State'
import { Table } from '../parts/Table'
import { NewKeyForm } from './NewKeyForm'
import { NewSecret } from './NewSecret'

const tones = { active: 'ok', expired: 'warn', revoked: 'non' } as const

/** Every API key with its last use and its expiry; `asks` says whether the bridge asks for keys. */
export function Keys({ asks }: { asks: boolean }) {
  const list = useList<Key>('keys', { limit: 100 })
  const [adding, setAdding] = useState(false)
  const [secret, setSecret] = useState<Secret>()
  const keys = list.data?.pages.flatMap((page) => page.items) ?? []
  const show = (created: Secret) => {
    setAdding(false)
    setSecret(created)
  }
  return (
    <section className="panel" aria-label="API keys">
      <header>
        <h2>API keys</h2>
        {asks && (
          <span className="end">
            <button
              type="button"
              className="button"
              aria-expanded={adding}
              onClick={() => setAdding(!adding)}
            >
              <Plus size={13} aria-hidden />
              New key
            </button>
          </span>
        )}
      </header>
      {adding && <NewKeyForm onCreated={show} onCancel={() => setAdding(false)} />}
      {secret && <NewSecret of={secret} onDone={() => setSecret(undefined)} />}
      <Answer of={list} rows={3}>
        {() =>
          keys.length ? (
            <Table
              rows={keys}
              rowKey={(key) => key.id}
              columns={[
                { title: 'Name', cell: (key) => <b>{key.name}</b> },
                {
                  title: 'State',
                  cell: (key) => <Badge tone={tones[key.state]}>{key.state}</Badge>,
                },
                { title: 'Roles', cell: (key) => key.roles.join(', ') },
                { title: 'Namespaces', cell: (key) => key.namespaces.join(', '), maxWidth: 220 },
                { title: 'Created', cell: (key) => <Time at={key.created_at} />, right: true },
                { title: 'Expires', cell: (key) => <Expiry of={key} />, right: true },
                { title: 'Last used', cell: (key) => <Use of={key} />, right: true },
                asks && {
                  title: <span className="hidden-text">Actions</span>,
                  cell: (key) => key.state === 'active' && <Actions of={key} onRotated={show} />,
                  right: true,
                },
              ]}
            />
          ) : (
            <Empty title="No keys">
              {asks
                ? 'A key lets a program send events or read, and a person sign in.'
                : 'The bridge asks for no keys: set FAIRLEAD_AUTH=keys.'}
            </Empty>
          )
        }
      </Answer>
      <More of={list} />
    </section>
  )
}

function Expiry({ of }: { of: Key }) {
  return of.expires_at ? (
    <Time at={of.expires_at} as="clock" />
  ) : (
    <span className="muted">never</span>
  )
}

function Use({ of }: { of: Key }) {
  return of.used_at ? <Time at={of.used_at} /> : <span className="muted">never</span>
}

/** Rotate and revoke; what ends a key at once asks a second time. */
function Actions({ of, onRotated }: { of: Key; onRotated: (secret: Secret) => void }) {
  const [asked, setAsked] = useState<'rotate' | 'revoke'>()
  const queries = useQueryClient()
  const act = useMutation({
    mutationFn: (action: 'rotate' | 'revoke') =>
      post<Secret | null>(`keys/${encodeURIComponent(of.name)}/${action}`).finally(
        () => void queries.invalidateQueries(),
      ),
    onSuccess: (created) => {
      setAsked(undefined)
      if (created) onRotated(created)
    },
  })
  if (asked)
    return (
      <span className="row">
        {act.error ? (
          <span role="alert" className="bad-words small">
            {act.error.message}
          </span>
        ) : (
          <span className="small">The key stops working.</span>
        )}
        <button
          type="button"
          className="button"
          data-primary
          disabled={act.isPending}
          onClick={() => act.mutate(asked)}
        >
          {asked === 'rotate' ? 'Rotate now' : 'Revoke now'}
        </button>
        <button type="button" className="button" onClick={() => setAsked(undefined)}>
          Cancel
        </button>
      </span>
    )
  return (
    <span className="row">
      <button
        type="button"
        className="button"
        aria-label={`Rotate ${of.name}`}
        onClick={() => setAsked('rotate')}
      >
        Rotate
      </button>
      <button
        type="button"
        className="button"
        aria-label={`Revoke ${of.name}`}
        onClick={() => setAsked('revoke')}
      >
        Revoke
      </button>
    </span>
  )
}
