import { CircleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { ApiError } from '../api/client'

export function Panel({
  title,
  note,
  children,
  flush,
}: {
  title: ReactNode
  note?: ReactNode
  children: ReactNode
  flush?: boolean
}) {
  return (
    <section className="panel">
      <header>
        <h2>{title}</h2>
        {note ? <span className="end">{note}</span> : null}
      </header>
      {flush ? children : <div className="panel-body">{children}</div>}
    </section>
  )
}

/** An empty list says why it is empty and what would fill it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="nothing">
      <b>{title}</b>
      {children ? <span>{children}</span> : null}
    </div>
  )
}

export function Problem({ error, retry }: { error: unknown; retry?: () => void }) {
  const gone = error instanceof ApiError && error.status === 404
  const text = error instanceof Error ? error.message : String(error)
  return (
    <div className="problem" role="alert">
      <CircleAlert size={18} color="var(--bad)" aria-hidden />
      <div className="grow">
        <b>{gone ? 'Not found. ' : 'Couldn’t load this. '}</b>
        {text}
      </div>
      {retry && !gone ? (
        <button type="button" className="button" onClick={retry}>
          Try again
        </button>
      ) : null}
    </div>
  )
}

export function Skeleton({ rows = 6 }: { rows?: number }) {
  return (
    <div className="panel-body" aria-busy="true" style={{ display: 'grid', gap: 14 }}>
      <span className="hidden-text" role="status">
        Loading
      </span>
      {Array.from({ length: rows }, (_, at) => (
        <div key={at} className="bone" style={{ width: `${92 - ((at * 17) % 38)}%` }} />
      ))}
    </div>
  )
}

interface Answered<T> {
  data: T | undefined
  error: unknown
  refetch: () => unknown
}

/** Loading, failed or here: the three ways an answer of the API can stand. */
export function Answer<T>({
  of,
  rows,
  children,
}: {
  of: Answered<T>
  rows?: number
  children: (data: T) => ReactNode
}) {
  if (of.data !== undefined) return <>{children(of.data)}</>
  if (of.error) return <Problem error={of.error} retry={() => void of.refetch()} />
  return <Skeleton rows={rows ?? 6} />
}

export function Facts({ of, left }: { of: [string, ReactNode][]; left?: boolean }) {
  const known = of.filter(([, value]) => value !== null && value !== undefined && value !== '')
  if (!known.length) return null
  return (
    <dl className={left ? 'facts left' : 'facts'}>
      {known.map(([name, value]) => (
        <div key={name} style={{ display: 'contents' }}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** JSON as received, to read and to copy. */
export function Json({ of, label }: { of: unknown; label: string }) {
  return (
    <pre className="code" tabIndex={0} role="region" aria-label={label}>
      {JSON.stringify(of, null, 2)}
    </pre>
  )
}
