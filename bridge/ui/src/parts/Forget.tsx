import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Trash2 } from 'lucide-react'
import { post, useApi } from '../api/client'
import type { Forgotten, ToForget, Who } from '../api/schema'
import { counted } from '../text/numbers'
import { Panel } from './Panel'

/** Forget a dataset or a job: says what goes and what stays before it is done. For operators. */
export function Forget({ node, to }: { node: string; to: '/datasets' | '/dags' }) {
  const session = useApi<Who>('session')
  const queries = useQueryClient()
  const navigate = useNavigate()
  const ask = (dry_run: boolean) => {
    const body: ToForget = { nodes: [node], dry_run }
    return post<Forgotten>('forget', {}, body)
  }
  const asked = useMutation({ mutationFn: () => ask(true) })
  const forget = useMutation({
    mutationFn: () => ask(false),
    onSuccess: () => navigate({ to }).then(() => queries.invalidateQueries()),
  })
  if (!session.data?.roles.includes('operator')) return null
  const problem = asked.error ?? forget.error
  return (
    <Panel title="Forget">
      {asked.data ? (
        <>
          <p>{goes(asked.data)} will go. This cannot be taken back.</p>
          <ul className="muted small">
            {asked.data.stays.map((sentence) => (
              <li key={sentence}>Stays: {sentence}.</li>
            ))}
          </ul>
          <span className="row">
            <button
              type="button"
              className="button"
              data-primary
              disabled={forget.isPending}
              onClick={() => forget.mutate()}
            >
              Forget now
            </button>
            <button type="button" className="button" onClick={() => asked.reset()}>
              Cancel
            </button>
          </span>
        </>
      ) : (
        <span className="row">
          <button
            type="button"
            className="button"
            disabled={asked.isPending}
            onClick={() => asked.mutate()}
          >
            <Trash2 size={13} aria-hidden />
            Forget…
          </button>
          <span className="muted small">Remove it from the catalog.</span>
        </span>
      )}
      {problem && (
        <p role="alert" className="bad-words small">
          {problem.message}
        </p>
      )}
    </Panel>
  )
}

function goes({ datasets, jobs, runs, edges }: Forgotten): string {
  const parts: [number, string][] = [
    [datasets.length, 'dataset'],
    [jobs.length, 'job'],
    [runs, 'run'],
    [edges, 'edge'],
  ]
  const named = parts.filter(([number]) => number).map(([number, what]) => counted(number, what))
  return named.join(', ')
}
