import { Link } from '@tanstack/react-router'
import { useApi } from '../api/client'
import type { Card, DatasetDetail } from '../api/schema'
import { SchemaLines } from '../changes/SchemaDiff'
import { JobLink, LineageOnly, Owners, PersonalColumn, Tags } from '../parts/Names'
import { Time } from '../parts/Now'
import { Answer, Facts } from '../parts/Panel'
import { StateBadge } from '../parts/State'

/** A dataset in the side panel: facts, the last schema change, columns. */
export function DatasetDetails({ card, asOf }: { card: Card; asOf: string | undefined }) {
  const answer = useApi<DatasetDetail>(`datasets/${card.id}`, { as_of: asOf })
  return (
    <Answer of={answer}>
      {(dataset) => {
        const newest = dataset.versions[0]
        return (
          <>
            <section className="section">
              <h3>Facts</h3>
              <Facts
                of={[
                  ['Written', <Time key="written" at={dataset.written_at} />],
                  ['By', dataset.written_by ? <JobLink key="by" job={dataset.written_by} /> : null],
                  [
                    'Last writer',
                    dataset.state ? <StateBadge key="state" state={dataset.state} /> : null,
                  ],
                  [
                    'Owner',
                    dataset.owners.length ? <Owners key="owners" of={dataset.owners} /> : null,
                  ],
                  ['Tags', dataset.tags.length ? <Tags key="tags" of={dataset.tags} /> : null],
                  [
                    'Name',
                    <span key="name" className="mono small">
                      {dataset.name}
                    </span>,
                  ],
                ]}
              />
            </section>
            {newest && newest.changes.length > 0 && (
              <section className="section">
                <h3>
                  Schema change
                  <span className="end">
                    <Time at={newest.first_at} />
                  </span>
                </h3>
                <SchemaLines changes={newest.changes.slice(0, 12)} />
              </section>
            )}
            <section className="section">
              <h3>
                Columns<span className="end">{dataset.schema_fields.length || ''}</span>
              </h3>
              {dataset.schema_fields.length ? (
                dataset.schema_fields.slice(0, 40).map((column) => (
                  <div key={column.name} className="item">
                    <Link
                      to="/lineage"
                      search={{
                        focus: card.node,
                        view: 'columns',
                        column: column.name,
                        ...(asOf ? { asOf } : {}),
                      }}
                      className="link mono small cut"
                      title={column.description ?? column.name}
                    >
                      {column.name}
                    </Link>
                    <PersonalColumn kind={column.personal_kind} />
                    <Tags of={column.tags} />
                    <LineageOnly column={column} />
                    <span className="end mono small muted cut">{column.type ?? ''}</span>
                  </div>
                ))
              ) : (
                <span className="muted small">No event with a schema yet.</span>
              )}
            </section>
          </>
        )
      }}
    </Answer>
  )
}
