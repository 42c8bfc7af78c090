import '@fontsource-variable/inter/wght.css'
import '@fontsource-variable/jetbrains-mono/wght.css'
import '@mantine/core/styles.css'
import './styles.css'
import './pages.css'
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Refusal } from './api/client'
import { Clock } from './parts/Now'
import { router } from './router'
import { theme } from './theme'

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      // The stream tells of changes at once; this is for what it missed.
      refetchInterval: 15_000,
      // What the bridge refuses for good is not asked again; a bridge that is away is.
      retry: (times, error) =>
        times < 2 && !(error instanceof Refusal && error.status >= 400 && error.status < 500),
    },
  },
})

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? ''
// What locks the page behind a dialog writes a style of its own and looks for the nonce here.
Object.assign(window, { __webpack_nonce__: nonce })
const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
        <QueryClientProvider client={queries}>
          <Clock>
            <RouterProvider router={router} />
          </Clock>
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  )
}
