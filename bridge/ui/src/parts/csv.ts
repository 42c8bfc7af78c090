import { save } from './save'

type Cell = string | number | null | undefined

/** A quoted cell; text that a spreadsheet would take for a formula is escaped. */
function quoted(value: Cell): string {
  const text = value === null || value === undefined ? '' : String(value)
  const plain = typeof value === 'string' ? text.replace(/^([=+\-@\t\r])/, "'$1") : text
  return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}

/** Rows as CSV with a header line. */
export const csv = (header: string[], rows: Cell[][]): string =>
  [header, ...rows].map((row) => row.map(quoted).join(',')).join('\r\n')

/** Download CSV text as a file that spreadsheets open as UTF-8. */
export const saveCsv = (text: string, name: string) =>
  save(new Blob(['\ufeff', text], { type: 'text/csv;charset=utf-8' }), name)
