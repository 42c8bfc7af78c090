import { Fragment } from 'react'
import ReactMarkdown, { type Components } from 'react-markdown'
import remarkGfm from 'remark-gfm'
import { external } from '../text/links'

// Nothing is fetched for a description, and its headings stay below the page's own.
const components: Components = {
  a: ({ href, children }) => {
    const safe = external(href)
    return safe ? (
      <a href={safe} target="_blank" rel="noreferrer nofollow" className="link-text">
        {children}
      </a>
    ) : (
      <>{children}</>
    )
  },
  img: ({ alt }) => <span className="muted">{alt ? `[${alt}]` : '[picture]'}</span>,
  input: ({ checked }) => <>{checked ? '☑ ' : '☐ '}</>,
  pre: ({ children }) => (
    <pre className="code" tabIndex={0}>
      {children}
    </pre>
  ),
  table: ({ children }) => (
    <div className="scroll">
      <table>{children}</table>
    </div>
  ),
  h1: Heading,
  h2: Heading,
  h3: Heading,
  h4: Heading,
  h5: Heading,
  h6: Heading,
  section: Fragment,
}

function Heading({ children }: { children?: React.ReactNode }) {
  return (
    <p>
      <b>{children}</b>
    </p>
  )
}

/** Markdown as elements of the page: HTML in it is text, and only http(s) links are links. */
export default function MarkdownText({ text }: { text: string }) {
  return (
    <ReactMarkdown
      remarkPlugins={[[remarkGfm, { singleTilde: false }]]}
      components={components}
      urlTransform={(url) => url}
    >
      {text}
    </ReactMarkdown>
  )
}
