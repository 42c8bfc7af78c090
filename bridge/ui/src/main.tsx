import '@fontsource-variable/inter/wght.css'
import '@fontsource-variable/jetbrains-mono/wght.css'
import '@mantine/core/styles.css'
import './styles/base.css'
import './styles/frame.css'
import './styles/controls.css'
import './styles/content.css'
import './lineage/cards.css'
import './lineage/lineage.css'
import './incidents/incidents.css'
import './styles/pages.css'
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiError } from './api/client'
import { Clock } from './parts/Now'
import { router } from './router'
import { theme } from './theme'

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      // The stream reports changes at once; this catches what it missed.
      refetchInterval: 15_000,
      // 4xx answers are final; other errors are retried.
      retry: (times, error) =>
        times < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
})

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? ''
// The scroll lock of dialogs adds a style element and reads the nonce here.
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
