import { constants, statSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Database } from 'better-sqlite3'
import { Kysely, sql } from 'kysely'
import { BudgetExceededError } from '../../jobs/ports/caller-budget.ts'
import {
  ItemSweptError,
  JobConflictError,
  PreviousJobGoneError,
  StorageUnavailableError,
} from '../../jobs/ports/storage-errors.ts'
import { CommitPace } from '../commit-pace.ts'
import type { FileLock } from '../file-lock.ts'
import { GroupCommit } from '../group-commit.ts'
import { ExclusiveRunner } from './exclusive-runner.ts'
import type { SqlDatabase } from './sql-database.ts'
import { SqliteFileDialect } from './sqlite-dialect.ts'
import { SqliteStatements } from './sqlite-statements.ts'
import type { SqlDb, Tables } from './tables.ts'
import { insertProbe, removeProbe } from './write-probe.ts'

/** After a write within this time the store counts as writable, in milliseconds. */
const FRESH_MS = 5_000
const PROBE_BYTES = { idle: 4_096, afterFailure: 262_144 }

/** Thrown before a change has written anything. After any other error it may have written a part. */
const REFUSALS = [JobConflictError, PreviousJobGoneError, ItemSweptError, BudgetExceededError]

/** A change in a transaction that it shares with others. If it rejects, the whole transaction fails. */
type Change = (db: SqlDb) => Promise<void>

/**
 * A SQLite file, for one process. The driver is synchronous: a statement blocks the process, and a commit blocks it until
 * the disk has flushed. So concurrent changes share a transaction, and `CommitPace` spaces the commits out under load
 * (docs/decisions/2026-11-24-sql-stores.md).
 */
export class SqliteDatabase implements SqlDatabase {
  readonly db: SqlDb
  readonly dialect = 'sqlite'
  readonly runner = new ExclusiveRunner()
  readonly statements: SqliteStatements
  /** A commit that failed was rolled back. */
  readonly mustRemoveUnconfirmed = false
  readonly #file: string
  readonly #inode: number
  readonly #driver: Database
  readonly #lock: FileLock
  readonly #pace = new CommitPace()
  readonly #writes = new GroupCommit<Change>(
    (changes) => this.#commit(changes),
    () => this.#pace.wait(),
  )
  #isWritable = true
  #writtenAt = Number.NEGATIVE_INFINITY

  /**
   * @param driver has the file open
   * @param lock keeps other servers from the file; released by `close`
   */
  constructor(file: string, driver: Database, lock: FileLock) {
    this.#file = file
    this.#inode = statSync(file).ino
    this.#driver = driver
    this.#lock = lock
    this.db = new Kysely<Tables>({ dialect: new SqliteFileDialect(driver) })
    this.statements = new SqliteStatements(this)
  }

  write<Result>(statement: (db: SqlDb) => Promise<Result>): Promise<Result> {
    return this.transact(statement)
  }

  async transact<Result>(statements: (db: SqlDb) => Promise<Result>): Promise<Result> {
    const outcome = Promise.withResolvers<Result>()
    // If the whole transaction fails, `submit` rejects first and nobody awaits this promise.
    outcome.promise.catch(() => {})
    await this.#writes.submit(async (db) => {
      try {
        outcome.resolve(await statements(db))
      } catch (error) {
        outcome.reject(error)
        if (!REFUSALS.some((refusal) => error instanceof refusal)) throw error
      }
    })
    return await outcome.promise
  }

  /** Transactions follow each other anyway. */
  transactFor<Result>(_owner: string, statements: (db: SqlDb) => Promise<Result>): Promise<Result> {
    return this.transact(statements)
  }

  async checkHealth(): Promise<void> {
    try {
      await access(dirname(this.#file), constants.W_OK)
    } catch (cause) {
      throw new StorageUnavailableError(cause)
    }
    this.#checkFile()
    // After a failed write, only a write that succeeds shows that the disk works again.
    if (!this.#isWritable) await this.#probe(PROBE_BYTES.afterFailure)
    else if (performance.now() - this.#writtenAt > FRESH_MS) await this.#probe(PROBE_BYTES.idle)
  }

  /** Two commits: a row that is removed in the commit that wrote it takes no room. */
  async #probe(bytes: number): Promise<void> {
    await this.transact((db) => insertProbe(db, this.runner.id, bytes))
    await this.transact((db) => removeProbe(db, this.runner.id))
  }

  async close(): Promise<void> {
    await this.#writes.idle()
    await this.db.destroy()
    await this.#lock.release()
  }

  async #commit(changes: readonly Change[]): Promise<void> {
    try {
      this.#checkFile()
      await this.db.connection().execute(async (db) => {
        await sql`begin immediate`.execute(db)
        try {
          for (const change of changes) await change(db)
          await sql`commit`.execute(db)
        } catch (error) {
          // When the disk is full, SQLite has rolled back already.
          if (this.#driver.inTransaction) await sql`rollback`.execute(db)
          throw error
        }
      })
      this.#isWritable = true
      this.#writtenAt = performance.now()
    } catch (error) {
      this.#isWritable = false
      throw error
    }
  }

  /** SQLite would go on writing to a file that was moved or removed, and the changes would be lost. */
  #checkFile(): void {
    const inode = statSync(this.#file, { throwIfNoEntry: false })?.ino
    if (inode !== this.#inode) throw new StorageUnavailableError(new Error(`${this.#file} was moved or removed`))
  }
}
