const FOLLOWED = ['http:', 'https:', 'mailto:']

/** An address from an event if it is http, https or mailto, which a browser may follow; else null. */
export function external(address: string | null | undefined): string | null {
  if (!address) return null
  try {
    const url = new URL(address)
    return FOLLOWED.includes(url.protocol) ? url.toString() : null
  } catch {
    return null
  }
}
