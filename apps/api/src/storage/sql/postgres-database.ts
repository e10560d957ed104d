import { StorageUnavailableError } from '../../jobs/ports/storage-errors.ts'
import { lockCaller } from './budget-rows.ts'
import { CallerTurns } from './caller-turns.ts'
import { ExclusiveRunner } from './exclusive-runner.ts'
import { PostgresBatches } from './postgres-batches.ts'
import type { PostgresLock } from './postgres-lock.ts'
import type { GuardedPool } from './postgres-pool.ts'
import { RunnerLease } from './runner-lease.ts'
import type { Runner, SqlDatabase } from './sql-database.ts'
import type { SqlDb } from './tables.ts'
import { writeProbe } from './write-probe.ts'

const PROBE_BYTES = 64

/** A PostgreSQL database that one process or several use. */
export class PostgresDatabase implements SqlDatabase {
  readonly db: SqlDb
  readonly dialect = 'postgres'
  readonly runner: Runner
  readonly mustRemoveUnconfirmed: boolean
  readonly statements: PostgresBatches
  readonly #batchPool: GuardedPool
  readonly #lock: PostgresLock
  readonly #turns = new CallerTurns()

  /**
   * @param lock exclusive if only this process uses the store, shared if others do
   * @param runner a lease if others use the store
   * @param batchPool the connections of `statements`
   */
  constructor(db: SqlDb, lock: PostgresLock, runner: ExclusiveRunner | RunnerLease, batchPool: GuardedPool) {
    this.db = db
    this.#batchPool = batchPool
    this.statements = new PostgresBatches(batchPool, db, { runnerId: runner.id, checkLock: () => this.#checkLock() })
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

  transactFor<Result>(owner: string, statements: (db: SqlDb) => Promise<Result>): Promise<Result> {
    return this.#turns.run(owner, () =>
      this.transact(async (db) => {
        await lockCaller(db, owner)
        return await statements(db)
      }),
    )
  }

  async checkHealth(): Promise<void> {
    this.#checkLock()
    // A database that only reads, or whose disk is full, still answers.
    await this.transact((db) => writeProbe(db, this.runner.id, PROBE_BYTES))
  }

  async close(): Promise<void> {
    if (this.runner instanceof RunnerLease) await this.runner.end()
    await this.db.destroy()
    await this.#batchPool.end()
    await this.#lock.release()
  }

  /** Without the lock, another server may have begun to use the store. */
  #checkLock(): void {
    if (!this.#lock.isHeld) throw new StorageUnavailableError(new Error('The lock of the job store was lost'))
  }
}
