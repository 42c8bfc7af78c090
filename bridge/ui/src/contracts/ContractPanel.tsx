import type { ContractItem } from '../api/schema'
import { useApi } from '../api/client'
import { Facts, Panel } from '../parts/Panel'
import { aspects, OutcomeBadge, Reason } from './outcomes'

/** The data contract of a dataset, and whether that is fulfilled; nothing where there is none. */
export function ContractPanel({ id, node }: { id: string; node: string }) {
  const { data } = useApi<{ items: ContractItem[] }>('contracts', { dataset: id })
  const contract = data?.items[0]
  const table = contract?.tables.find((one) => one.dataset.node === node)
  if (!contract || !table) return null
  return (
    <Panel title="Data contract" note={<OutcomeBadge verdict={table.verdict} />}>
      <Facts
        left
        of={[
          ['Contract', nameOf(contract)],
          ...aspects.map((aspect): [string, React.ReactNode] => [
            aspect.charAt(0).toUpperCase() + aspect.slice(1),
            <Reason key={aspect} of={table.verdicts[aspect]} />,
          ]),
        ]}
      />
    </Panel>
  )
}

export const nameOf = ({ name, id, version }: Pick<ContractItem, 'name' | 'id' | 'version'>) =>
  [name || id, version].filter(Boolean).join(' ')
