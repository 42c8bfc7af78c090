import { X } from 'lucide-react'

/** A cross that closes what `label` names, at the end of its row. */
export function CloseButton({ label, onClose }: { label: string; onClose: () => void }) {
  return (
    <button type="button" className="icon-button end" aria-label={label} onClick={onClose}>
      <X size={15} aria-hidden />
    </button>
  )
}
