import { type SqlBool, sql } from 'kysely'
import { runOf, type StoredJob } from '../../jobs/job.ts'
import { JobConflictError } from '../../jobs/ports/storage-errors.ts'
import type { JobCheckpoint, JobState } from '../../jobs/ports/stored-values.ts'
import { COUNTS, usagesOf } from '../../jobs/usage/usage-entry.ts'
import { CHECKPOINT, INSERT, REPLACE } from './batch-statements.ts'
import { jobOf, rowOf, selectJobs, stateOf } from './job-row.ts'
import type { PreparedStatements } from './postgres-pool.ts'
import { hexOf, recordsetOf } from './recordset.ts'
import { SharedStatement } from './shared-statement.ts'
import type { JobStatements } from './sql-database.ts'
import { toStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'
import { COUNT_COLUMNS, POSTGRES_SHARDS } from './usage-rows.ts'

interface Replacement {
  readonly next: StoredJob
  readonly from: JobState
  readonly hasCheckpoints: boolean
}

interface PostgresBatchesOptions {
  /** This process, see `Runner`. */
  readonly runnerId: string
  /** @throws StorageUnavailableError this process may not change the store now */
  readonly checkLock: () => void
}

type WholeRow = Parameters<typeof jobOf>[0]

/** A record may be large, so few are read together. */
const FINDS_UNDER_WAY = 2
const CHARACTERS_OF_RECORD = 100_000

/**
 * The statements of a job's usual way through PostgreSQL: it is stored, found, changed, grows and ends. Jobs that come at the same
 * time share them, and each connection prepares them once (docs/decisions/2026-11-27-cost-of-a-cluster.md).
 */
export class PostgresBatches implements JobStatements {
  readonly #statements: PreparedStatements
  readonly #options: PostgresBatchesOptions
  readonly #find: SharedStatement<string, StoredJob | undefined>
  readonly #insert: SharedStatement<StoredJob, boolean>
  readonly #replace: SharedStatement<Replacement, boolean>
  /** The checkpoints that are under way. */
  #checkpoints: Promise<unknown> = Promise.resolve()

  /** @param db only makes the text of a statement */
  constructor(statements: PreparedStatements, db: SqlDb, options: PostgresBatchesOptions) {
    this.#statements = statements
    this.#options = options
    const find = selectJobs(db, 'postgres')
      .where(sql<SqlBool>`jobs.id = any(${sql.val('')})`)
      .compile().sql
    this.#find = new SharedStatement({
      execute: (ids) => this.#findAll(find, ids),
      keyOf: (id) => id,
      sizeOf: () => CHARACTERS_OF_RECORD,
      maxUnderWay: FINDS_UNDER_WAY,
    })
    this.#insert = new SharedStatement({
      execute: (jobs) => this.#insertAll(jobs),
      keyOf: ({ id }) => id,
      sizeOf: ({ prompt }) => prompt.length,
      maxUnderWay: 1,
    })
    this.#replace = new SharedStatement({
      execute: (replacements) => this.#replaceAll(replacements),
      keyOf: ({ next }) => next.id,
      sizeOf: ({ next }) => ('result' in next ? next.result.length : 0),
      maxUnderWay: 1,
    })
  }

  async insert(job: StoredJob): Promise<void> {
    if (!(await this.#insert.execute(job))) throw new JobConflictError(job.id)
  }

  find(id: string): Promise<StoredJob | undefined> {
    return this.#find.execute(id)
  }

  async replace(next: StoredJob, from: JobState, hasCheckpoints: boolean): Promise<boolean> {
    // The statement would not see the rows of a checkpoint that is still under way, and would leave them.
    if (hasCheckpoints) await this.#checkpoints
    return await this.#replace.execute({ next, from, hasCheckpoints })
  }

  async checkpoint(progress: readonly JobCheckpoint[]): Promise<ReadonlySet<string>> {
    const rows = progress.map(({ id, run, growth, metrics, updatedAt, runState }) => ({
      id: toStorable(id),
      run,
      metrics: JSON.stringify(metrics),
      updated_at: updatedAt,
      run_state: runState && JSON.stringify(runState),
      text: toStorable(growth.text),
      pieces: growth.pieceCount,
      place: growth.place,
      text_length: growth.textLength,
      part_count: growth.partCount,
      parts: growth.parts && JSON.stringify(growth.parts),
      tape: hexOf(growth.tape),
    }))
    const stored = this.#idsOf('checkpoint', CHECKPOINT, [recordsetOf(rows)])
    this.#checkpoints = Promise.allSettled([this.#checkpoints, stored])
    const ids = await stored
    return new Set(progress.flatMap(({ id }) => (ids.has(toStorable(id)) ? [id] : [])))
  }

  async #findAll(statement: string, ids: readonly string[]): Promise<(StoredJob | undefined)[]> {
    const rows = await this.#statements.execute<WholeRow>('find', statement, [ids.map(toStorable)])
    const byId = new Map(rows.map((row) => [row.id, row]))
    return ids.map((id) => {
      const row = byId.get(toStorable(id))
      return row && jobOf(row)
    })
  }

  async #insertAll(jobs: readonly StoredJob[]): Promise<boolean[]> {
    const rows = jobs.map((job) => {
      const row = rowOf(job, this.#options.runnerId)
      return { ...row, tape: hexOf(row.tape ?? null) }
    })
    const ids = await this.#idsOf('insert', INSERT, [recordsetOf(rows)])
    return rows.map(({ id }) => ids.has(id))
  }

  async #replaceAll(replacements: readonly Replacement[]): Promise<boolean[]> {
    const rows = replacements.map(({ next, from, hasCheckpoints }) => {
      const state = stateOf(next, this.#options.runnerId)
      return {
        ...state,
        id: toStorable(next.id),
        tape: hexOf(state.tape),
        from_status: from.status,
        from_run: runOf(from),
        has_checkpoints: hasCheckpoints,
      }
    })
    const usages = replacements.flatMap(({ next }) =>
      usagesOf(next).map((entry) => ({
        id: toStorable(next.id),
        day: entry.day,
        owner: entry.owner,
        provider: toStorable(entry.provider),
        model: toStorable(entry.model),
        ...Object.fromEntries(COUNTS.map((name) => [COUNT_COLUMNS[name], entry[name]])),
      })),
    )
    const shard = Math.floor(Math.random() * POSTGRES_SHARDS)
    const ids = await this.#idsOf('replace', REPLACE, [recordsetOf(rows), recordsetOf(usages), shard])
    return rows.map(({ id }) => ids.has(id))
  }

  async #idsOf(name: string, statement: string, values: readonly unknown[]): Promise<ReadonlySet<string>> {
    this.#options.checkLock()
    const rows = await this.#statements.execute<{ id: string }>(name, statement, values)
    return new Set(rows.map(({ id }) => id))
  }
}
