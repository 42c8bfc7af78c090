import { useMutation, useQueryClient } from '@tanstack/react-query'
import { BellOff, Check, CircleCheck, type LucideIcon, MessageSquare, UserPlus } from 'lucide-react'
import { type FormEvent, useId, useState } from 'react'
import { post } from '../api/client'
import type { Incident, IncidentDetail } from '../api/schema'
import { ownersOf } from './incidents'
import { useName } from './reader'

type Action = 'acknowledge' | 'mute' | 'assign' | 'note' | 'resolve'

const actions: { name: Action; word: string; Icon: LucideIcon; text?: string }[] = [
  { name: 'acknowledge', word: 'Acknowledge', Icon: Check },
  { name: 'assign', word: 'Assign', Icon: UserPlus, text: 'Assign to (empty: no one)' },
  { name: 'note', word: 'Note', Icon: MessageSquare, text: 'Note' },
  { name: 'mute', word: 'Mute', Icon: BellOff },
  { name: 'resolve', word: 'Resolve', Icon: CircleCheck },
]

/** What can be done with an incident in its state. */
function possible({ state }: Incident): Action[] {
  if (state === 'resolved') return ['note']
  const all: Action[] = ['acknowledge', 'assign', 'note', 'mute', 'resolve']
  return all.filter(
    (action) =>
      !(action === 'acknowledge' && state === 'acknowledged') &&
      !(action === 'mute' && state === 'muted'),
  )
}

interface Wanted {
  action: Action
  by: string
  text: string
}

/** Buttons to acknowledge, assign, note, mute and resolve an incident, in the reader's name. */
export function IncidentActions({ incident, whole }: { incident: Incident; whole?: boolean }) {
  const [name] = useName()
  const [asked, setAsked] = useState<Action>()
  const queries = useQueryClient()
  const act = useMutation({
    mutationFn: ({ action, by, text }: Wanted) =>
      post<IncidentDetail>(
        `incidents/${incident.id}/${action}`,
        {},
        { by, ...(text ? { text } : {}) },
      ).finally(() => void queries.invalidateQueries()),
    onSuccess: () => setAsked(undefined),
  })
  const shown = actions.filter(
    (one) => possible(incident).includes(one.name) && (whole || one.name !== 'resolve'),
  )
  const start = (action: Action, needsText: boolean) => {
    if (needsText || !name) setAsked(asked === action ? undefined : action)
    else act.mutate({ action, by: name, text: '' })
  }
  return (
    <div className="incident-actions">
      <div className="row wrap">
        {shown.map(({ name: action, word, Icon, text }) => (
          <button
            key={action}
            type="button"
            className="button"
            aria-expanded={text ? asked === action : undefined}
            aria-label={`${word}: incident ${incident.id}`}
            disabled={act.isPending}
            onClick={() => start(action, Boolean(text))}
          >
            <Icon size={13} aria-hidden />
            {word}
          </button>
        ))}
      </div>
      {asked && (
        <ActionForm
          key={asked}
          incident={incident}
          action={asked}
          pending={act.isPending}
          onSend={(by, text) => act.mutate({ action: asked, by, text })}
          onCancel={() => setAsked(undefined)}
        />
      )}
      {act.error && (
        <p role="alert" className="bad-words small">
          {act.error.message}
        </p>
      )}
    </div>
  )
}

interface FormProps {
  incident: Incident
  action: Action
  pending: boolean
  onSend: (by: string, text: string) => void
  onCancel: () => void
}

/** Ask for what an action needs: the reader's name, a note, or an owner. */
function ActionForm({ incident, action, pending, onSend, onCancel }: FormProps) {
  const [name, rememberName] = useName()
  const [by, setBy] = useState(name)
  const [text, setText] = useState(action === 'assign' ? (incident.assigned_to ?? '') : '')
  const list = useId()
  const field = actions.find((one) => one.name === action)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    rememberName(by.trim())
    onSend(by.trim(), text.trim())
  }
  return (
    <form className="row wrap" onSubmit={submit}>
      {action === 'note' && (
        <textarea
          className="field note"
          aria-label="Note"
          placeholder="Note"
          rows={3}
          autoFocus
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      )}
      {action === 'assign' && (
        <>
          <input
            className="field"
            aria-label={field?.text}
            placeholder={field?.text}
            list={list}
            autoFocus
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <datalist id={list}>
            {ownersOf(incident).map((owner) => (
              <option key={owner} value={owner} />
            ))}
          </datalist>
        </>
      )}
      <input
        className="field"
        aria-label="Your name"
        placeholder="Your name"
        autoComplete="name"
        value={by}
        onChange={(event) => setBy(event.target.value)}
      />
      <button
        type="submit"
        className="button"
        data-primary
        disabled={pending || !by.trim() || (action === 'note' && !text.trim())}
      >
        {field?.word}
      </button>
      <button type="button" className="button" onClick={onCancel}>
        Cancel
      </button>
    </form>
  )
}
