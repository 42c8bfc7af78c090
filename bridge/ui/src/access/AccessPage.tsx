import type { Who } from '../api/schema'
import { useApi } from '../api/client'
import { Answer, Empty } from '../parts/Panel'
import { useTrail } from '../shell/crumbs'
import { Audit } from './Audit'
import { Keys } from './Keys'

/** API keys and the audit log, for admins. */
export default function Access() {
  useTrail('Access')
  const session = useApi<Who>('session')
  return (
    <div className="page-body">
      <div>
        <div className="title">
          <h1>Access</h1>
        </div>
        <p className="muted">API keys, and who did what.</p>
      </div>
      <Answer of={session} rows={3}>
        {(who) =>
          who.roles.includes('admin') ? (
            <>
              <Keys asks={who.method !== 'open'} />
              <Audit />
            </>
          ) : (
            <div className="panel">
              <Empty title="Only admins see this page">{who.name} is no admin.</Empty>
            </div>
          )
        }
      </Answer>
    </div>
  )
}
