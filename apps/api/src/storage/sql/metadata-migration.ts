import { type Kysely, sql } from 'kysely'
import { comparedText, type SqlDialect } from './sql-dialect.ts'

/**
 * By which jobs are found by what their callers noted of them. The column `terms` has the metadata itself. The table has a
 * digest of each entry, because PostgreSQL takes no long texts in an index.
 */
export async function addMetadata(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const text = comparedText(dialect)
  const statements = [
    sql`create table job_metadata (
      job_id ${text} not null references jobs on delete cascade,
      digest ${text} not null,
      owner ${text},
      created_at ${text} not null,
      primary key (job_id, digest)
    )`,
    sql`create index job_metadata_by_entry on job_metadata (digest, created_at, job_id)`,
    sql`create index job_metadata_by_owner on job_metadata (owner, digest, created_at, job_id) where owner is not null`,
    sql`create index jobs_by_model on jobs (model, created_at, id)`,
    // Lists read the terms from it: in the row they lie behind its texts.
    ...(dialect === 'sqlite' ? [sql`create index jobs_terms on jobs (id, terms) where terms is not null`] : []),
  ]
  for (const statement of statements) await statement.execute(db)
}
