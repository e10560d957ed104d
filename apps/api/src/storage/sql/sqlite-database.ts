import { constants, statSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Database } from 'better-sqlite3'
import { Kysely, sql } from 'kysely'
import { JobConflictError, StorageUnavailableError } from '../../jobs/ports/job-repository.ts'
import { CommitPace } from '../commit-pace.ts'
import type { FileLock } from '../file-lock.ts'
import { GroupCommit } from '../group-commit.ts'
import { SoleProcess } from './sole-process.ts'
import type { SqlDatabase } from './sql-database.ts'
import { SqliteFileDialect } from './sqlite-dialect.ts'
import type { SqlDb, Tables } from './tables.ts'

/** A change that waits for the transaction it shares with others. What it throws fails them all. */
type Change = (db: SqlDb) => Promise<void>

/**
 * A SQLite file, for one process. The driver holds up everything while it works, most of all while it flushes a commit to
 * disk. So changes that come together share a transaction, and one that comes thick waits a little for others.
 */
export class SqliteDatabase implements SqlDatabase {
  readonly db: SqlDb
  readonly dialect = 'sqlite'
  readonly runner = new SoleProcess()
  /** A commit that failed was taken back. */
  readonly mayStoreUnseen = false
  readonly #file: string
  readonly #inode: number
  readonly #driver: Database
  readonly #lock: FileLock
  readonly #pace = new CommitPace()
  readonly #writes = new GroupCommit<Change>(
    (changes) => this.#commit(changes),
    () => this.#pace.turn(),
  )
  #isWritable = true

  /** @param driver open on the file, which `lock` keeps for this process */
  constructor(file: string, driver: Database, lock: FileLock) {
    this.#file = file
    this.#inode = statSync(file).ino
    this.#driver = driver
    this.#lock = lock
    this.db = new Kysely<Tables>({ dialect: new SqliteFileDialect(driver) })
  }

  write<Result>(statement: (db: SqlDb) => Promise<Result>): Promise<Result> {
    return this.transact(statement)
  }

  async transact<Result>(statements: (db: SqlDb) => Promise<Result>): Promise<Result> {
    const outcome = Promise.withResolvers<Result>()
    // A failure of the whole transaction is told by that alone.
    outcome.promise.catch(() => {})
    await this.#writes.submit(async (db) => {
      try {
        outcome.resolve(await statements(db))
      } catch (error) {
        outcome.reject(error)
        // A conflict is found before anything is changed. After any other failure nobody knows what was.
        if (!(error instanceof JobConflictError)) throw error
      }
    })
    return await outcome.promise
  }

  async checkHealth(): Promise<void> {
    try {
      await access(dirname(this.#file), constants.W_OK)
    } catch (cause) {
      throw new StorageUnavailableError(cause)
    }
    this.#checkFile()
    // After a failed write, only one that succeeds shows that the disk is well again.
    if (!this.#isWritable) await this.transact((db) => sql`pragma user_version = 1`.execute(db))
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
          // A full disk has ended it already.
          if (this.#driver.inTransaction) await sql`rollback`.execute(db)
          throw error
        }
      })
      this.#isWritable = true
    } catch (error) {
      this.#isWritable = false
      throw error
    }
  }

  /** A file that was moved or removed would take changes that nobody finds again. */
  #checkFile(): void {
    const inode = statSync(this.#file, { throwIfNoEntry: false })?.ino
    if (inode !== this.#inode) throw new StorageUnavailableError(new Error(`${this.#file} was moved or removed`))
  }
}
