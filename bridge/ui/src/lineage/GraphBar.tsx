import { Menu, useComputedColorScheme } from '@mantine/core'
import {
  Activity,
  Download,
  FileImage,
  Fingerprint,
  Gauge,
  History,
  ImageDown,
  type LucideIcon,
  Network,
  Route,
  Table2,
  Timer,
  User,
  Workflow,
} from 'lucide-react'
import { addressOf } from '../api/client'
import type { Graph } from '../api/schema'
import { isDataset } from '../text/names'
import { saveEdges, savePng } from './exports'
import { graphParams } from './graphParams'
import { type Lens, lenses, type LineageSearch, USUAL } from './search'
import { Stepper, Tool, Views } from './Toolbar'
import type { SetSearch } from './useLineage'

const icons: Record<Lens, LucideIcon> = {
  status: Activity,
  freshness: Timer,
  duration: Gauge,
  pii: Fingerprint,
  owner: User,
}
const words: Record<Lens, string> = {
  status: 'Status',
  freshness: 'Freshness',
  duration: 'Duration',
  pii: 'PII',
  owner: 'Owner',
}

interface Props {
  focus: string
  graph: Graph | undefined
  search: LineageSearch
  set: SetSearch
  table: boolean
  onTable: (table: boolean) => void
  onRootCause: (() => void) | null // null without a root cause
  onExportError: (text: string | undefined) => void
}

/** The controls above the graph: view, lens, levels, grouping, and export. */
export function GraphBar({
  focus,
  graph,
  search,
  set,
  table,
  onTable,
  onRootCause,
  onExportError,
}: Props) {
  const { up = USUAL.up, down = USUAL.down, lens = USUAL.lens, time } = search
  return (
    <div className="bar">
      <Views
        view={search.view}
        ofDataset={isDataset(graph?.focus ?? focus)}
        onChange={(view) => set({ view, sel: undefined }, false)}
      />
      <Lenses lens={lens} onChange={(next) => set({ lens: next })} />
      <Stepper label="Upstream" value={up} onChange={(next) => set({ up: next })} />
      <Stepper label="Downstream" value={down} onChange={(next) => set({ down: next })} />
      {search.view !== 'data' && (
        <button
          type="button"
          className="button"
          aria-pressed={search.group === 'dag'}
          title="Group by DAG (g)"
          onClick={() => set({ group: search.group ? undefined : 'dag' })}
        >
          <Workflow size={14} aria-hidden />
          Group by DAG
        </button>
      )}
      {onRootCause && (
        <button
          type="button"
          className="button"
          title="Go to the root cause (b)"
          onClick={onRootCause}
        >
          <Route size={14} color="var(--bad)" aria-hidden />
          Root cause
        </button>
      )}
      <span className="end" />
      <Tool
        label={time ? 'Close time travel' : 'Time travel (h)'}
        onClick={() => set({ time: time ? undefined : true, asOf: undefined })}
        Icon={History}
      />
      <Tool
        label={table ? 'Show the graph' : 'Show the table'}
        onClick={() => onTable(!table)}
        Icon={table ? Network : Table2}
      />
      {graph && <ExportMenu focus={focus} graph={graph} search={search} onError={onExportError} />}
    </div>
  )
}

function Lenses({ lens, onChange }: { lens: Lens; onChange: (lens: Lens) => void }) {
  return (
    <div className="segments" role="group" aria-label="Colour by">
      {lenses.map((one) => {
        const Icon = icons[one]
        return (
          <button key={one} type="button" aria-pressed={lens === one} onClick={() => onChange(one)}>
            <Icon size={13} aria-hidden />
            {words[one]}
          </button>
        )
      })}
    </div>
  )
}

interface ExportProps {
  focus: string
  graph: Graph
  search: LineageSearch
  onError: (text: string | undefined) => void
}

function ExportMenu({ focus, graph, search, onError }: ExportProps) {
  const scheme = useComputedColorScheme('light')
  const picture = addressOf('graph.svg', { ...graphParams(focus, search), theme: scheme })
  const png = () =>
    savePng(picture, graph).then(
      () => onError(undefined),
      (error: unknown) => onError(error instanceof Error ? error.message : String(error)),
    )
  return (
    <Menu position="bottom-end" withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <button type="button" className="icon-button" aria-label="Export">
          <Download size={15} aria-hidden />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          component="a"
          href={picture}
          download
          leftSection={<ImageDown size={15} aria-hidden />}
        >
          Image (SVG)
        </Menu.Item>
        <Menu.Item onClick={() => void png()} leftSection={<FileImage size={15} aria-hidden />}>
          Image (PNG)
        </Menu.Item>
        <Menu.Item onClick={() => saveEdges(graph)} leftSection={<Table2 size={15} aria-hidden />}>
          Edges (CSV)
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
