import { useDebouncedCallback } from '@mantine/hooks'
import { useEffect, useState } from 'react'

/** A text being typed that lives in the URL; it is written there after a pause. */
export function useTextParam(
  value: string,
  onChange: (value: string | undefined) => void,
): [string, (text: string) => void] {
  const [text, setText] = useState(value)
  const [seen, setSeen] = useState(value)
  const [reported, setReported] = useState(value)
  const report = useDebouncedCallback((next: string) => {
    setReported(next.trim())
    onChange(next.trim() || undefined)
  }, 250)
  if (seen !== value) {
    setSeen(value)
    if (reported !== value) {
      // The URL changed without this field: back, forward or a link.
      setReported(value)
      setText(value)
    }
  }
  useEffect(() => report.cancel, [report])
  const type = (next: string) => {
    setText(next)
    report(next)
  }
  return [text, type]
}

/** A text field whose value lives in the URL. */
export function Filter({
  value,
  onChange,
  label,
}: {
  value: string | undefined
  onChange: (value: string | undefined) => void
  label: string
}) {
  const [text, type] = useTextParam(value ?? '', onChange)
  return (
    <input
      className="field"
      type="search"
      aria-label={label}
      placeholder={label}
      value={text}
      onChange={(event) => type(event.target.value)}
    />
  )
}

/** A choice of one value; empty means all. */
export function Choice({
  value,
  options,
  onChange,
  label,
}: {
  value: string | undefined
  options: [string, string][]
  onChange: (value: string | undefined) => void
  label: string
}) {
  return (
    <select
      className="field"
      aria-label={label}
      value={value ?? ''}
      onChange={(event) => onChange(event.target.value || undefined)}
    >
      <option value="">{label}</option>
      {options.map(([name, text]) => (
        <option key={name} value={name}>
          {text}
        </option>
      ))}
      {value && !options.some(([name]) => name === value) && <option value={value}>{value}</option>}
    </select>
  )
}
