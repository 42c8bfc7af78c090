import { Link } from '@tanstack/react-router'
import { Database, ListTree } from 'lucide-react'
import { isDataset, shortName } from '../text/names'

/** The short name of a node, "dataset:NAMESPACE:NAME" or "job:NAMESPACE:NAME". */
export const nodeLabel = (node: string) => {
  const name = node.slice(node.lastIndexOf(':') + 1)
  return isDataset(node) ? shortName(name) : name
}

/** A link to the page of a dataset or job by its node. */
export function NodeLink({ node, label, icon }: { node: string; label?: string; icon?: boolean }) {
  const Icon = isDataset(node) ? Database : ListTree
  return (
    <span className="row" style={{ gap: 6 }}>
      {icon && <Icon size={13} color="var(--faint)" aria-hidden style={{ flex: 'none' }} />}
      <Link
        to={isDataset(node) ? '/datasets/$id' : '/jobs/$id'}
        params={{ id: node.slice(node.indexOf(':') + 1) }}
        className="link mono cut"
        title={node}
      >
        {label ?? nodeLabel(node)}
      </Link>
    </span>
  )
}
