// Names as people read them. The same rule as `short_name` in the bridge's layout, which sizes cards.

/** The last part of a dataset's name: the file of a path, the table of database.schema.table. */
export function shortName(name: string): string {
  return name.slice(cut(name)) || name
}

/** What comes before the short name, without the separator: "shop.public", "/data/in". */
export function pathOf(name: string): string {
  const at = cut(name)
  return at > 1 && at < name.length ? name.slice(0, at - 1) : ''
}

/** Parts without meaning of their own: versions, numbers, file extensions. */
const MEANINGLESS = /^(v?\d+|latest|current|avro|csv|gz|json|jsonl|orc|parquet|tsv|txt|xml)$/i

function cut(name: string): number {
  const mark = name.includes('/') ? '/' : '.'
  const at = name.lastIndexOf(mark)
  if (mark === '.' && at === name.indexOf('.')) return 0
  const before =
    at > 0 && MEANINGLESS.test(name.slice(at + 1)) ? name.lastIndexOf(mark, at - 1) : at
  return before + 1
}

/** A name of at most `limit` characters, cut in the middle. */
export function fitted(name: string, limit: number): string {
  const letters = Array.from(name)
  if (letters.length <= limit || limit < 4) return name
  const head = Math.ceil((limit - 1) / 2)
  return `${letters.slice(0, head).join('')}…${letters.slice(letters.length - (limit - 1 - head)).join('')}`
}

/** A name of at most `limit` characters, cut at the start, between parts of the path where possible. */
export function ending(name: string, limit: number): string {
  const letters = Array.from(name)
  if (letters.length <= limit) return name
  const rest = letters.slice(letters.length - Math.max(1, limit - 1))
  const slash = rest.indexOf('/')
  return `…${rest.slice(slash > 0 && slash < rest.length - 4 ? slash : 0).join('')}`
}

/** The first line of a description, without the marks of Markdown. */
export function firstLine(description: string | null): string {
  const line = (description ?? '').split('\n').find((one) => /[\p{L}\p{N}]/u.test(one)) ?? ''
  return line
    .replace(/^[\s#>*+-]+/, '')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/(^|[^\p{L}\p{N}_])__(?=[^\s_])(.*?[^\s_])__(?=[\s,;:!?)]|$)/gu, '$1$2')
    .replace(/\*\*|`/g, '')
    .trim()
}

const platforms: Record<string, [string, string]> = {
  postgres: ['PG', '#35648c'],
  mysql: ['MY', '#3e6e93'],
  sqlite: ['SL', '#2f6f8f'],
  duckdb: ['DK', '#8a6d00'],
  snowflake: ['SF', '#1b7fa8'],
  bigquery: ['BQ', '#3367c2'],
  redshift: ['RS', '#7a4fb5'],
  s3: ['S3', '#3f7a2c'],
  gs: ['GS', '#3367c2'],
  file: ['FS', '#5b6472'],
  kafka: ['KF', '#3a3f47'],
  http: ['WW', '#7a5a2b'],
  https: ['WW', '#7a5a2b'],
  airflow: ['AF', '#0b7a75'],
  hive: ['HV', '#8a6a00'],
  trino: ['TR', '#a5338c'],
  unitycatalog: ['UC', '#b3402a'],
  databricks: ['DB', '#b3402a'],
  mssql: ['MS', '#a33a3a'],
  oracle: ['OR', '#b03a2e'],
}

/** Two letters and a colour for the tile of a platform. */
export function tile(platform: string | null): [string, string] {
  const known = platforms[platform ?? '']
  return (
    known ?? [
      (platform ?? '?')
        .replace(/[^a-z0-9]/gi, '')
        .slice(0, 2)
        .toUpperCase() || '?',
      '#5b6472',
    ]
  )
}

/** Up to two letters for a person or a team. */
export function initials(owner: string): string {
  const words = owner
    .replace(/^(user|group|team):/i, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
  const letters =
    words.length > 1
      ? words.slice(0, 2).map((word) => Array.from(word)[0])
      : Array.from(words[0] ?? '?').slice(0, 2)
  return letters.join('').toUpperCase()
}

/** The two ends of a node's name, "dataset:NAMESPACE:NAME", come from the API. */
export const isDataset = (node: string) => node.startsWith('dataset:')
