import { useDebouncedValue } from '@mantine/hooks'
import { useNavigate } from '@tanstack/react-router'
import { Columns3, ListTree, Search as Glass, Workflow } from 'lucide-react'
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import type { Found, Hit } from '../api/schema'
import { useApi } from '../api/client'
import { platformOf, Tile } from '../parts/Names'
import { isDataset, shortName } from '../text/names'
import { typing } from './keys'

/** Search over everything, from anywhere with `/`. */
export function Search() {
  const [text, setText] = useState('')
  const [asked] = useDebouncedValue(text.trim(), 150)
  const [open, setOpen] = useState(false)
  const [at, setAt] = useState(0)
  const input = useRef<HTMLInputElement>(null)
  const list = useId()
  const navigate = useNavigate()
  const found = useApi<Found>(
    'search',
    { q: asked, limit: 20 },
    { enabled: asked.length > 0, keep: true },
  )
  const hits = asked ? (found.data?.items ?? []) : []

  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (
        (event.key === '/' && !typing(event)) ||
        (event.key === 'k' && (event.metaKey || event.ctrlKey))
      ) {
        event.preventDefault()
        input.current?.focus()
        input.current?.select()
      }
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])

  const go = (hit: Hit | undefined, lineage: boolean) => {
    if (!hit) return
    setOpen(false)
    setText('')
    input.current?.blur()
    if (lineage) void navigate({ to: '/lineage', search: { focus: hit.node } })
    else
      void navigate({
        to: isDataset(hit.node) ? '/datasets/$id' : '/jobs/$id',
        params: { id: hit.id },
      })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      setOpen(false)
      input.current?.blur()
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      const step = event.key === 'ArrowDown' ? 1 : -1
      setAt((now) => (hits.length ? (now + step + hits.length) % hits.length : 0))
    } else if (event.key === 'Enter') {
      go(hits[at], event.shiftKey)
    }
  }
  const shown = open && asked.length > 0
  return (
    <div className="search" role="search">
      <Glass size={15} aria-hidden />
      <input
        ref={input}
        type="text"
        role="combobox"
        aria-label="Search datasets, DAGs, tasks and columns"
        aria-expanded={shown}
        aria-controls={list}
        aria-activedescendant={shown && hits[at] ? `${list}-${at}` : undefined}
        aria-autocomplete="list"
        autoComplete="off"
        spellCheck={false}
        placeholder="Search datasets, DAGs, tasks, columns"
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setAt(0)
          setOpen(true)
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
      />
      <kbd aria-hidden>/</kbd>
      <div id={list} role="listbox" aria-label="Search results" className="hits" hidden={!shown}>
        {hits.map((hit, index) => (
          <div
            key={`${hit.node} ${hit.kind} ${hit.detail ?? ''}`}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === at}
            className="hit"
            onMouseEnter={() => setAt(index)}
            // Before the input loses the focus, which would close the list.
            onMouseDown={(event) => {
              event.preventDefault()
              go(hit, event.shiftKey)
            }}
          >
            <HitIcon hit={hit} />
            <span className="grow cut" style={{ lineHeight: '16px' }}>
              <span className="mono">
                {hit.kind === 'column'
                  ? hit.detail
                  : isDataset(hit.node)
                    ? shortName(hit.name)
                    : hit.name}
              </span>
              <span className="faint small cut" style={{ display: 'block' }}>
                {hit.kind === 'dataset'
                  ? `${hit.namespace} · ${hit.name}`
                  : hit.kind === 'column'
                    ? `column of ${hit.name}`
                    : `${hit.detail ?? 'job'} · ${hit.namespace}`}
              </span>
            </span>
            {index === at && (
              <span className="faint small" aria-hidden>
                <kbd>↵</kbd> open <kbd>⇧↵</kbd> lineage
              </span>
            )}
          </div>
        ))}
        {shown && !hits.length && (
          <div role="option" aria-selected={false} aria-disabled className="hit muted">
            {found.isFetching || asked !== text.trim()
              ? 'Searching…'
              : found.error
                ? 'Search failed.'
                : `No results for “${asked}”.`}
          </div>
        )}
      </div>
    </div>
  )
}

function HitIcon({ hit }: { hit: Hit }) {
  if (hit.kind === 'column') return <Columns3 size={16} color="var(--faint)" aria-hidden />
  if (hit.kind === 'dataset') return <Tile platform={platformOf(hit.namespace)} />
  const Icon = hit.detail === 'dag' ? Workflow : ListTree
  return <Icon size={16} color="var(--faint)" aria-hidden />
}
