import { sql } from 'kysely'
import { StorageUnavailableError } from '../../jobs/ports/job-repository.ts'
import type { PostgresLock } from './postgres-lock.ts'
import { RunnerLease } from './runner-lease.ts'
import { SoleProcess } from './sole-process.ts'
import type { Runner, SqlDatabase } from './sql-database.ts'
import type { SqlDb } from './tables.ts'

/** A PostgreSQL database, for one process or for several. */
export class PostgresDatabase implements SqlDatabase {
  readonly db: SqlDb
  readonly dialect = 'postgres'
  readonly runner: Runner
  readonly mayStoreUnseen: boolean
  readonly #lock: PostgresLock

  /**
   * @param lock keeps the store for this process, or for those that share it
   * @param runner a lease if there are several
   */
  constructor(db: SqlDb, lock: PostgresLock, runner: SoleProcess | RunnerLease) {
    this.db = db
    this.runner = runner
    this.mayStoreUnseen = runner instanceof SoleProcess
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
    if (rows[0]?.mode !== 'off') throw new StorageUnavailableError(new Error('This PostgreSQL only reads'))
  }

  async close(): Promise<void> {
    if (this.runner instanceof RunnerLease) await this.runner.end()
    await this.db.destroy()
    await this.#lock.release()
  }

  /** Without it, another server may have begun to use the store. */
  #checkLock(): void {
    if (!this.#lock.isHeld) throw new StorageUnavailableError(new Error('The lock of the job store was lost'))
  }
}
