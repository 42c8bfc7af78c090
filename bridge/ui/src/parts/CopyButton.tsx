import { Copy } from 'lucide-react'
import { useState } from 'react'
import { copyText } from '../text/clipboard'

/** A button that copies a text and says whether it did. */
export function CopyButton({
  text,
  label,
  primary,
}: {
  text: string
  label: string
  primary?: boolean
}) {
  const [outcome, setOutcome] = useState('')
  const copy = async () =>
    setOutcome((await copyText(text)) ? 'Copied' : 'The browser blocked copying')
  return (
    <button type="button" className="button" data-primary={primary} onClick={() => void copy()}>
      <Copy size={13} aria-hidden />
      <span role="status">{outcome || label}</span>
    </button>
  )
}
