import { Link } from '@tanstack/react-router'
import { Users } from 'lucide-react'

/** To who is affected by a change of a dataset. */
export function ImpactLink({ id }: { id: string }) {
  return (
    <Link to="/datasets/$id" params={{ id }} hash="impact" className="button">
      <Users size={14} aria-hidden />
      Impact
    </Link>
  )
}
