import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'

type Params = Record<string, string | number | boolean | undefined | null>

/** What the bridge refused, in its own words. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail)
  }
}

/** The address of an API path; relative to the page, which may live below a path of a proxy. */
export function addressOf(path: string, params: Params = {}): string {
  const url = new URL(`api/v1/${path}`, document.baseURI)
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null && value !== '')
      url.searchParams.set(name, String(value))
  }
  return url.toString()
}

const KEY = 'fairlead.key'

/** The key that changes are made with: until the tab is closed, and where it is asked for at all. */
export function showKey(key: string) {
  sessionStorage.setItem(KEY, key)
}

// Not `Authorization`, which a proxy before the bridge may need for its own login.
function headersOf(method: string): HeadersInit {
  const key = method === 'GET' ? null : sessionStorage.getItem(KEY)
  return { Accept: 'application/json', ...(key ? { 'X-Api-Key': key } : {}) }
}

async function ask<T>(
  method: string,
  path: string,
  params: Params,
  signal?: AbortSignal,
): Promise<T> {
  let response: Response
  try {
    response = await fetch(addressOf(path, params), {
      method,
      headers: headersOf(method),
      ...(signal ? { signal } : {}),
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Refusal(0, 'The bridge does not answer. The page tries again by itself.')
  }
  const body: unknown = await response.json().catch(() => null)
  if (!response.ok)
    throw new Refusal(response.status, detailOf(body) ?? `The bridge answered ${response.status}.`)
  return body as T
}

function detailOf(body: unknown): string | null {
  const detail = body && typeof body === 'object' && 'detail' in body ? body.detail : null
  return typeof detail === 'string' ? detail : detail ? JSON.stringify(detail) : null
}

export const get = <T>(path: string, params: Params = {}) => ask<T>('GET', path, params)
export const post = <T>(path: string, params: Params = {}) => ask<T>('POST', path, params)

/** One answer of the API, kept up to date while it is on the screen. */
export function useApi<T>(
  path: string,
  params: Params = {},
  options: { enabled?: boolean; keep?: boolean } = {},
) {
  return useQuery({
    queryKey: [path, params],
    queryFn: ({ signal }) => ask<T>('GET', path, params, signal),
    enabled: options.enabled ?? true,
    ...(options.keep ? { placeholderData: keepPreviousData } : {}),
  })
}

/** A list of the API, page after page. */
export function useList<T>(path: string, params: Params = {}) {
  return useInfiniteQuery({
    queryKey: [path, params, 'pages'],
    queryFn: ({ pageParam, signal }) =>
      ask<{ items: T[]; next: string | null; total?: number | null }>(
        'GET',
        path,
        { ...params, cursor: pageParam },
        signal,
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
  })
}
