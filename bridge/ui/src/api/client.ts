import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'

type Params = Record<string, string | number | boolean | undefined | null>

/** An error answer of the API, with its detail. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail)
  }
}

/** The URL of an API path, relative to the page, which may be served below a proxy's path. */
export function addressOf(path: string, params: Params = {}): string {
  const url = new URL(`api/v1/${path}`, document.baseURI)
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null && value !== '')
      url.searchParams.set(name, String(value))
  }
  return url.toString()
}

/** The path below which the page is served, without a slash at its end. */
const root = () => new URL(document.baseURI).pathname.replace(/\/$/, '')

/** End the session, and open the page that signs people in. */
export async function signOut() {
  const answer = await fetch(`${root()}/logout`, { method: 'POST' })
  const { next } = (await answer.json()) as { next: string }
  location.assign(next)
}

/** Open the page that signs people in; it leads back to this one. */
function openLogin() {
  const here = location.pathname.slice(root().length) + location.search
  location.assign(`${root()}/login?next=${encodeURIComponent(here)}`)
}

interface Sent {
  body?: unknown // sent as JSON
  signal?: AbortSignal
}

async function request<T>(
  method: string,
  path: string,
  params: Params,
  { body, signal }: Sent = {},
): Promise<T> {
  let response: Response
  try {
    response = await fetch(addressOf(path, params), {
      method,
      headers: {
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new ApiError(0, 'Can’t reach the server. Retrying…')
  }
  if (response.status === 401) openLogin()
  const answer: unknown = await response.json().catch(() => null)
  if (!response.ok)
    throw new ApiError(
      response.status,
      detailOf(answer) ?? `The server answered ${response.status}.`,
    )
  return answer as T
}

function detailOf(body: unknown): string | null {
  const detail = body && typeof body === 'object' && 'detail' in body ? body.detail : null
  return typeof detail === 'string' ? detail : detail ? JSON.stringify(detail) : null
}

export const get = <T>(path: string, params: Params = {}) => request<T>('GET', path, params)
export const post = <T>(path: string, params: Params = {}, body?: unknown) =>
  request<T>('POST', path, params, { body })

/** Query one answer of the API; refetched while it is on the screen. */
export function useApi<T>(
  path: string,
  params: Params = {},
  options: { enabled?: boolean; keep?: boolean } = {},
) {
  return useQuery({
    queryKey: [path, params],
    queryFn: ({ signal }) => request<T>('GET', path, params, { signal }),
    enabled: options.enabled ?? true,
    ...(options.keep ? { placeholderData: keepPreviousData } : {}),
  })
}

/** Query a list of the API, page by page. */
export function useList<T>(path: string, params: Params = {}) {
  return useInfiniteQuery({
    queryKey: [path, params, 'pages'],
    queryFn: ({ pageParam, signal }) =>
      request<{ items: T[]; next: string | null; total?: number | null }>(
        'GET',
        path,
        { ...params, cursor: pageParam },
        { signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
  })
}
