import { lazy, Suspense, useState } from 'react'

const MarkdownText = lazy(() => import('./MarkdownText'))
const LONG = 900

/** A description as its author wrote it, in Markdown; what is long opens on demand. */
export function Markdown({ text }: { text: string }) {
  const [open, setOpen] = useState(false)
  const long = text.length > LONG
  return (
    <div className="prose">
      <div className={long && !open ? 'prose-cut' : undefined}>
        <Suspense fallback={<p style={{ whiteSpace: 'pre-line' }}>{text}</p>}>
          <MarkdownText text={text} />
        </Suspense>
      </div>
      {long && (
        <button
          type="button"
          className="link-text"
          onClick={() => setOpen(!open)}
          aria-expanded={open}
        >
          {open ? 'Show less' : 'Show more'}
        </button>
      )}
    </div>
  )
}
