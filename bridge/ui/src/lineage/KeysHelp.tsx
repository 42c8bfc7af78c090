import { Modal } from '@mantine/core'

const keys: [string, string][] = [
  ['/', 'Search'],
  ['Ctrl F', 'Find in the graph; Enter goes to the next match'],
  ['u  d', 'One more level upstream, downstream; with Shift one fewer'],
  ['e  c', 'Expand, collapse the selected card'],
  ['o', 'Focus on the selected card'],
  ['g', 'Group by DAG'],
  ['v', 'Datasets only'],
  ['← ↑ ↓ →', 'Select the neighbour'],
  ['b', 'Go to the root cause'],
  ['f', 'Show the whole graph'],
  ['1 – 5', 'Status, freshness, duration, PII, owner'],
  ['h', 'Time travel'],
  ['[  ]', 'In time travel: previous, next event'],
  ['t', 'Show as a table'],
  ['y', 'Copy link'],
  ['Esc', 'Clear selection'],
]

/** The keyboard shortcuts of the graph, in a dialog. */
export function KeysHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Keys"
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <dl className="facts left">
        {keys.map(([key, text]) => (
          <div key={key} style={{ display: 'contents' }}>
            <dt>
              {key.split(/ {2}/).map((one) => (
                <kbd key={one} style={{ marginRight: 4 }}>
                  {one}
                </kbd>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  )
}
