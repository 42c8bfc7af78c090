import type { Namespace } from '../api/schema'
import { useApi } from '../api/client'
import { Choice } from './Filter'

/** Chooses one Airflow (or Spark, ...) among several: the namespaces of jobs. Absent where there is one. */
export function NamespaceChoice({
  value,
  onChange,
}: {
  value: string | undefined
  onChange: (value: string | undefined) => void
}) {
  const namespaces = (useApi<Namespace[]>('namespaces').data ?? []).filter((each) => each.jobs > 0)
  if (namespaces.length < 2 && !value) return null
  return (
    <Choice
      label="Any namespace"
      options={namespaces.map(({ namespace }) => [namespace, namespace])}
      value={value}
      onChange={onChange}
    />
  )
}
