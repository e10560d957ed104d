import { CompiledQuery } from 'kysely'
import { runOf, type StoredJob } from '../../jobs/job.ts'
import { JobConflictError } from '../../jobs/ports/storage-errors.ts'
import type { JobCheckpoint, JobState } from '../../jobs/ports/stored-values.ts'
import { usagesOf } from '../../jobs/usage/usage-entry.ts'
import { JOB_COLUMN_NAMES, STATE_COLUMN_NAMES } from './batch-statements.ts'
import { storeCheckpoints } from './checkpoint-rows.ts'
import { removeCheckpoints } from './growth-rows.ts'
import { jobOf, rowOf, selectJobs, stateOf } from './job-row.ts'
import type { JobStatements, SqlDatabase } from './sql-database.ts'
import { toStorable } from './storable-text.ts'
import { addToLedger } from './usage-rows.ts'

const INSERT = `insert into jobs (${JOB_COLUMN_NAMES.join(', ')})
  values (${JOB_COLUMN_NAMES.map(() => '?').join(', ')}) on conflict (id) do nothing`

const REPLACE = `update jobs set ${STATE_COLUMN_NAMES.map((column) => `${column} = ?`).join(', ')},
  watched_until = case when ? is null then watched_until end
  where id = ? and status = ? and run = ?`

type WholeRow = Parameters<typeof jobOf>[0]
type Database = Pick<SqlDatabase, 'db' | 'runner' | 'write' | 'transact'>

/**
 * The statements of a job's usual way through SQLite. Their texts are written once: to build them with Kysely for each job takes
 * longer than SQLite does.
 */
export class SqliteStatements implements JobStatements {
  readonly #database: Database
  readonly #find: CompiledQuery

  constructor(database: Database) {
    this.#database = database
    this.#find = selectJobs(database.db, 'sqlite').where('jobs.id', '=', '').compile()
  }

  async insert(job: StoredJob): Promise<void> {
    const row: Readonly<Record<string, unknown>> = rowOf(job, this.#database.runner.id)
    const query = CompiledQuery.raw(INSERT, valuesOf(row, JOB_COLUMN_NAMES))
    const { numAffectedRows } = await this.#database.write((db) => db.executeQuery(query))
    if (numAffectedRows === 0n) throw new JobConflictError(job.id)
  }

  async find(id: string): Promise<StoredJob | undefined> {
    const query = { ...this.#find, parameters: [toStorable(id)] }
    const [row] = (await this.#database.db.executeQuery<WholeRow>(query)).rows
    return row && jobOf(row)
  }

  replace(next: StoredJob, from: JobState, hasCheckpoints: boolean): Promise<boolean> {
    const state = stateOf(next, this.#database.runner.id)
    const place = [state.ended_at, toStorable(next.id), from.status, runOf(from)]
    const query = CompiledQuery.raw(REPLACE, [...valuesOf(state, STATE_COLUMN_NAMES), ...place])
    return this.#database.transact(async (db) => {
      const { numAffectedRows } = await db.executeQuery(query)
      if (numAffectedRows === 0n) return false
      for (const entry of usagesOf(next)) await addToLedger(db, 'sqlite', entry)
      if (hasCheckpoints) await removeCheckpoints(db, next.id)
      return true
    })
  }

  checkpoint(progress: readonly JobCheckpoint[]): Promise<ReadonlySet<string>> {
    return this.#database.transact((db) => storeCheckpoints(db, progress))
  }
}

function valuesOf(row: Readonly<Record<string, unknown>>, columns: readonly string[]): unknown[] {
  return columns.map((column) => row[column] ?? null)
}
