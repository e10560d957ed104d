import { sql } from 'kysely'
import { StorageUnavailableError } from '../../jobs/ports/job-repository.ts'
import { ExclusiveRunner } from './exclusive-runner.ts'
import type { PostgresLock } from './postgres-lock.ts'
import { RunnerLease } from './runner-lease.ts'
import type { Runner, SqlDatabase } from './sql-database.ts'
import type { SqlDb } from './tables.ts'

/** A PostgreSQL database that one process or several use. */
export class PostgresDatabase implements SqlDatabase {
  readonly db: SqlDb
  readonly dialect = 'postgres'
  readonly runner: Runner
  readonly mustRemoveUnconfirmed: boolean
  readonly #lock: PostgresLock

  /**
   * @param lock exclusive if only this process uses the store, shared if others do
   * @param runner a lease if others use the store
   */
  constructor(db: SqlDb, lock: PostgresLock, runner: ExclusiveRunner | RunnerLease) {
    this.db = db
    this.runner = runner
    this.mustRemoveUnconfirmed = runner instanceof ExclusiveRunner
    this.#lock = lock
  }

  async write<Result>(statement: (db: SqlDb) => Promise<Result>): Promise<Result> {
    this.#checkLock()
    return await statement(this.db)
  }

  async transact<Result>(statements: (db: SqlDb) => Promise<Result>): Promise<Result> {
    this.#checkLock()
    return await this.db.transaction().execute(statements)
  }

  async checkHealth(): Promise<void> {
    this.#checkLock()
    const setting = sql<{ mode: string }>`select current_setting('transaction_read_only') as mode`
    const { rows } = await setting.execute(this.db)
    if (rows[0]?.mode !== 'off') throw new StorageUnavailableError(new Error('PostgreSQL is read-only'))
  }

  async close(): Promise<void> {
    if (this.runner instanceof RunnerLease) await this.runner.end()
    await this.db.destroy()
    await this.#lock.release()
  }

  /** Without the lock, another server may have begun to use the store. */
  #checkLock(): void {
    if (!this.#lock.isHeld) throw new StorageUnavailableError(new Error('The lock of the job store was lost'))
  }
}
