/**
 * Copy a text; false where the browser does not allow it: without TLS there is no clipboard, except
 * on this machine.
 */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
