import { sql } from 'kysely'
import { runOf } from '../../jobs/job.ts'
import type { JobCheckpoint } from '../../jobs/ports/job-repository.ts'
import { toStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'

/** A statement has three parameters a job, and SQLite allows 32,766 of them. */
const JOBS_PER_STATEMENT = 1_000

/**
 * Stores the progress of the jobs that are still running, and the new pieces of their texts.
 * @returns the ids of these jobs
 */
export async function storeCheckpoints(db: SqlDb, progress: readonly JobCheckpoint[]): Promise<ReadonlySet<string>> {
  const stored = new Set<string>()
  for (let start = 0; start < progress.length; start += JOBS_PER_STATEMENT) {
    for (const id of await storeSome(db, progress.slice(start, start + JOBS_PER_STATEMENT))) stored.add(id)
  }
  return stored
}

async function storeSome(db: SqlDb, progress: readonly JobCheckpoint[]): Promise<string[]> {
  const rows = progress.map(
    ({ job }) =>
      sql`(${toStorable(job.id)}, ${JSON.stringify(job.metrics)}, ${job.updatedAt}, cast(${runOf(job)} as integer))`,
  )
  const updated = await sql<{ id: string }>`
    update jobs set metrics = progress.column2, updated_at = progress.column3
    from (values ${sql.join(rows)}) as progress
    where jobs.id = progress.column1 and jobs.status = 'running' and jobs.run = progress.column4
    returning id`.execute(db)
  const ids = new Set(updated.rows.map(({ id }) => id))
  const running = progress.filter(({ job }) => ids.has(toStorable(job.id)))
  if (running.length > 0) await appendTexts(db, running)
  return running.map(({ job }) => job.id)
}

async function appendTexts(db: SqlDb, progress: readonly JobCheckpoint[]): Promise<void> {
  const rows = progress.map(({ job, storedLength }) => ({
    job_id: toStorable(job.id),
    start: storedLength,
    text: toStorable(job.result.slice(storedLength)),
  }))
  await db
    .insertInto('job_texts')
    .values(rows)
    // A checkpoint that failed may have been stored after all. This one begins at the same place and has more text.
    .onConflict((on) => on.columns(['job_id', 'start']).doUpdateSet({ text: (eb) => eb.ref('excluded.text') }))
    .execute()
}
