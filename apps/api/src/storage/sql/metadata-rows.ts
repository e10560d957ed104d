import { createHash } from 'node:crypto'
import type { StoredJob } from '../../jobs/job.ts'
import { toStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'

/** Rows of one statement: PostgreSQL and SQLite bound its parameters. */
const ROWS_PER_STATEMENT = 1_000

/** Stores the entries of the metadata of jobs. */
export async function insertMetadata(db: SqlDb, jobs: readonly StoredJob[]): Promise<void> {
  const rows = jobs.flatMap((job) =>
    Object.entries(job.metadata ?? {}).map(([name, value]) => ({
      job_id: toStorable(job.id),
      digest: digestOfEntry(name, value),
      owner: job.owner ?? null,
      created_at: job.createdAt,
    })),
  )
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    await db
      .insertInto('job_metadata')
      .values(rows.slice(start, start + ROWS_PER_STATEMENT))
      .execute()
  }
}

/** By which jobs with an entry are found. */
export function digestOfEntry(name: string, value: string): string {
  return createHash('sha256')
    .update(JSON.stringify([name, value]))
    .digest('base64url')
}
