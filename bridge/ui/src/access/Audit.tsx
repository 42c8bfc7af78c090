import { useState } from 'react'
import { addressOf, useList } from '../api/client'
import type { AuditEntry } from '../api/schema'
import { Filter } from '../parts/Filter'
import { More } from '../parts/More'
import { Time } from '../parts/Now'
import { Answer, Empty } from '../parts/Panel'
import { Table } from '../parts/Table'

/** The audit log, newest first, with its export. */
export function Audit() {
  const [who, setWho] = useState<string>()
  const [action, setAction] = useState<string>()
  const list = useList<AuditEntry>('audit', { who, action, limit: 50 })
  const entries = list.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <section className="panel" aria-label="Audit log">
      <header>
        <h2>Audit log</h2>
        <span className="end row">
          <Filter value={who} onChange={setWho} label="Who" />
          <Filter value={action} onChange={setAction} label="Action" />
          <a className="button" href={addressOf('audit.jsonl', { who, action })} download>
            Export JSON lines
          </a>
        </span>
      </header>
      <Answer of={list} rows={5}>
        {() =>
          entries.length ? (
            <Table
              rows={entries}
              rowKey={(entry) => entry.id}
              titleOf={(entry) => entry.detail || undefined}
              columns={[
                { title: 'When', cell: (entry) => <Time at={entry.at} as="exact" /> },
                { title: 'Who', cell: (entry) => entry.who },
                { title: 'Action', cell: (entry) => <code>{entry.action}</code> },
                { title: 'Target', cell: (entry) => entry.target, className: 'cut', maxWidth: 320 },
                { title: 'Outcome', cell: (entry) => entry.outcome },
                { title: 'By', cell: (entry) => entry.method },
                { title: 'Address', cell: (entry) => entry.address },
              ]}
            />
          ) : (
            <Empty title="No entries">Changes, sign-ins and exports are listed here.</Empty>
          )
        }
      </Answer>
      <More of={list} />
    </section>
  )
}
