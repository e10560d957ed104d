import { sql } from 'kysely'
import type { JobCheckpoint } from '../../jobs/ports/stored-values.ts'
import { toStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'

/** A statement has seven parameters a job, and SQLite allows 32,766 of them. */
const JOBS_PER_STATEMENT = 1_000

/**
 * Stores the progress of the jobs that are still running, and what was added to their answers.
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
    ({ id, run, metrics, updatedAt, runState }) =>
      sql`(${toStorable(id)}, ${JSON.stringify(metrics)}, ${updatedAt}, cast(${run} as integer),
        cast(${runState ? JSON.stringify(runState) : null} as text))`,
  )
  const updated = await sql<{ id: string }>`
    update jobs set metrics = progress.column2, updated_at = progress.column3,
      run_state = coalesce(progress.column5, jobs.run_state)
    from (values ${sql.join(rows)}) as progress
    where jobs.id = progress.column1 and jobs.status = 'running' and jobs.run = progress.column4
    returning id`.execute(db)
  const ids = new Set(updated.rows.map(({ id }) => id))
  const running = progress.filter(({ id }) => ids.has(toStorable(id)))
  await appendTexts(
    db,
    running.filter(({ growth }) => growth.text !== ''),
  )
  // A checkpoint may store a run state alone.
  await appendGrowth(
    db,
    running.filter(({ growth }) => growth.tape.length > 0),
  )
  return running.map(({ id }) => id)
}

/** Processes of older versions read these rows too, so their form stays. */
async function appendTexts(db: SqlDb, progress: readonly JobCheckpoint[]): Promise<void> {
  if (progress.length === 0) return
  const rows = progress.map(({ id, growth }) => ({
    job_id: toStorable(id),
    start: growth.textLength,
    text: toStorable(growth.text),
  }))
  await db
    .insertInto('job_texts')
    .values(rows)
    // A checkpoint that failed may have been stored after all. This one begins at the same place and has more text.
    .onConflict((on) => on.columns(['job_id', 'start']).doUpdateSet({ text: (eb) => eb.ref('excluded.text') }))
    .execute()
}

async function appendGrowth(db: SqlDb, progress: readonly JobCheckpoint[]): Promise<void> {
  if (progress.length === 0) return
  const rows = progress.map(({ id, growth }) => ({
    job_id: toStorable(id),
    pieces: growth.pieceCount,
    place: growth.place,
    text_length: growth.textLength,
    part_count: growth.partCount,
    parts: growth.parts ? JSON.stringify(growth.parts) : null,
    tape: growth.tape,
  }))
  await db
    .insertInto('job_growth')
    .values(rows)
    // As with texts: the repeated checkpoint begins with the same piece.
    .onConflict((on) =>
      on.columns(['job_id', 'pieces']).doUpdateSet(({ ref }) => ({
        parts: ref('excluded.parts'),
        tape: ref('excluded.tape'),
      })),
    )
    .execute()
}
