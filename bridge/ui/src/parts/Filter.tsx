import { useDebouncedCallback } from '@mantine/hooks'
import { useEffect, useState } from 'react'

/** A text that is being written and lives in the address: it is put there when the reader pauses. */
export function useTyped(
  value: string,
  onChange: (value: string | undefined) => void,
): [string, (text: string) => void] {
  const [text, setText] = useState(value)
  const [seen, setSeen] = useState(value)
  const [told, setTold] = useState(value)
  const tell = useDebouncedCallback((next: string) => {
    setTold(next.trim())
    onChange(next.trim() || undefined)
  }, 250)
  if (seen !== value) {
    setSeen(value)
    if (told !== value) {
      // The address changed without this field: back, forward or a link.
      setTold(value)
      setText(value)
    }
  }
  useEffect(() => tell.cancel, [tell])
  const type = (next: string) => {
    setText(next)
    tell(next)
  }
  return [text, type]
}

/** A text field whose value lives in the address. */
export function Filter({
  value,
  onChange,
  label,
}: {
  value: string | undefined
  onChange: (value: string | undefined) => void
  label: string
}) {
  const [text, type] = useTyped(value ?? '', onChange)
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

/** A choice among a few values; the empty one stands for all. */
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
