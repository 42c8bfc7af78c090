import { Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import {
  Activity,
  Database,
  FileCheck,
  Fingerprint,
  GitCompareArrows,
  History,
  KeyRound,
  LogOut,
  type LucideIcon,
  Moon,
  Send,
  Share2,
  Siren,
  Sun,
  Workflow,
} from 'lucide-react'
import { useEffect, useRef } from 'react'
import type { Overview, Who } from '../api/schema'
import { signOut, useApi } from '../api/client'
import { Empty } from '../parts/Panel'
import { useNow } from '../parts/Now'
import { counted } from '../text/numbers'
import { Crumbs } from './crumbs'
import { useLive } from './live'
import { Search } from './Search'

interface PageLink {
  to:
    | '/'
    | '/incidents'
    | '/lineage'
    | '/datasets'
    | '/dags'
    | '/runs'
    | '/changes'
    | '/contracts'
    | '/personal-data'
    | '/deliveries'
    | '/access'
  name: string
  Icon: LucideIcon
}

const pages: PageLink[] = [
  { to: '/', name: 'Health', Icon: Activity },
  { to: '/incidents', name: 'Incidents', Icon: Siren },
  { to: '/lineage', name: 'Lineage', Icon: Share2 },
  { to: '/datasets', name: 'Datasets', Icon: Database },
  { to: '/dags', name: 'DAGs', Icon: Workflow },
  { to: '/runs', name: 'Runs', Icon: History },
  { to: '/changes', name: 'Changes', Icon: GitCompareArrows },
  { to: '/contracts', name: 'Contracts', Icon: FileCheck },
  { to: '/personal-data', name: 'Personal', Icon: Fingerprint },
  { to: '/deliveries', name: 'Deliveries', Icon: Send },
]
const forAdmins: PageLink[] = [{ to: '/access', name: 'Access', Icon: KeyRound }]

export function Shell() {
  const path = useRouterState({ select: (state) => state.location.pathname })
  const overview = useApi<Overview>('overview')
  const session = useApi<Who>('session')
  const shown = session.data?.roles.includes('admin') ? [...pages, ...forAdmins] : pages
  const failing = overview.data?.counts.failing ?? 0
  const main = useRef<HTMLElement>(null)
  useEffect(() => {
    main.current?.scrollTo(0, 0)
  }, [path])
  const current = (to: string) =>
    to === '/' ? path === '/' : path.startsWith(to) || (to === '/dags' && path.startsWith('/jobs'))
  return (
    <div className="app">
      <nav className="rail" aria-label="Pages">
        <Link to="/" className="logo" aria-label="Fairlead home">
          <Mark />
        </Link>
        {shown.map(({ to, name, Icon }) => (
          <Link
            key={to}
            to={to}
            className="rail-link"
            data-active={current(to) || undefined}
            aria-current={current(to) ? 'page' : undefined}
          >
            <Icon size={18} aria-hidden />
            {to === '/' && failing > 0 && (
              <span className="rail-count" aria-hidden>
                {failing > 99 ? '99+' : failing}
              </span>
            )}
            <span className="rail-name">
              {name}
              {to === '/' && failing > 0 && (
                <span className="hidden-text">, {failing} failing</span>
              )}
            </span>
          </Link>
        ))}
      </nav>
      <header className="top">
        <Crumbs />
        <Search />
        <div className="top-right">
          <LiveSign />
          <SchemeSwitch />
          <SignOut />
        </div>
      </header>
      <main className="page" ref={main} tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  )
}

function Mark() {
  return (
    <svg
      width="19"
      height="19"
      viewBox="0 0 32 32"
      fill="none"
      stroke="currentColor"
      strokeWidth="3.4"
      strokeLinecap="round"
      aria-hidden
    >
      <circle cx="16" cy="16" r="6.4" />
      <path d="M2 22c5 0 5.200-6 7.600-6M22.400 16c3 0 2.600 6 7.600 6" />
    </svg>
  )
}

function LiveSign() {
  const { connected, heardAt } = useLive()
  const now = useNow()
  const quiet = heardAt === null ? 0 : Math.max(0, Math.round((now - heardAt) / 1000))
  const text = connected
    ? quiet < 60
      ? 'Live'
      : `Live · no changes for ${counted(Math.floor(quiet / 60), 'minute')}`
    : heardAt === null
      ? 'Connecting'
      : 'Connection lost. Reconnecting…'
  return (
    <span
      className="live"
      data-lost={!connected && heardAt !== null ? true : undefined}
      role="status"
    >
      <i aria-hidden />
      {text}
    </span>
  )
}

function SchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme()
  const scheme = useComputedColorScheme('light')
  const other = scheme === 'dark' ? 'light' : 'dark'
  const Icon = scheme === 'dark' ? Sun : Moon
  return (
    <Tooltip label={`Switch to ${other}`}>
      <button
        type="button"
        className="icon-button"
        aria-label={`Switch to ${other} colours`}
        onClick={() => setColorScheme(other)}
      >
        <Icon size={15} aria-hidden />
      </button>
    </Tooltip>
  )
}

function SignOut() {
  const session = useApi<Who>('session')
  if (session.data?.method !== 'session') return null
  return (
    <Tooltip label={`${session.data.name}: sign out`}>
      <button
        type="button"
        className="icon-button"
        aria-label="Sign out"
        onClick={() => void signOut()}
      >
        <LogOut size={15} aria-hidden />
      </button>
    </Tooltip>
  )
}

export function NotFound() {
  return (
    <div className="page-body">
      <Empty title="Page not found">
        Check the address, or search with <kbd>/</kbd>.
      </Empty>
    </div>
  )
}
