import { useEffect, useState } from 'react'
import { copyText } from '../text/clipboard'

/** A notice that disappears after a few seconds. */
export function useNotice(): [string | undefined, (text: string) => void] {
  const [notice, setNotice] = useState<string>()
  useEffect(() => {
    const timer = notice ? setTimeout(() => setNotice(undefined), 4_000) : undefined
    return () => clearTimeout(timer)
  }, [notice])
  return [notice, setNotice]
}

/** Copy the address of the page; returns a sentence about the outcome. */
export async function copyAddress(): Promise<string> {
  return (await copyText(location.href))
    ? 'Link copied.'
    : 'The browser blocked copying. Copy the link from the address bar.'
}
