import type { RawBuilder, SqlBool } from 'kysely'
import type { SqlDialect } from './migrations.ts'
import type { SqlDb } from './tables.ts'

/** A database as the repository uses it. Whatever is thrown by it because it cannot be used is a StorageUnavailableError. */
export interface SqlDatabase {
  /** For reading alone. */
  readonly db: SqlDb
  /** Which SQL it speaks. */
  readonly dialect: SqlDialect
  readonly runner: Runner
  /** Whether a change that failed may have been stored after all, and then nobody but this process can see it. */
  readonly mayStoreUnseen: boolean

  /** Makes a change that is one statement, and so is atomic by itself. Returns when it is on disk. */
  write<Result>(statement: (db: SqlDb) => Promise<Result>): Promise<Result>

  /** Makes a change of several statements: all of them, or none. Returns when they are on disk. */
  transact<Result>(statements: (db: SqlDb) => Promise<Result>): Promise<Result>

  /** @throws StorageUnavailableError a change could not be stored right now */
  checkHealth(): Promise<void>

  close(): Promise<void>
}

/** This process as the one that runs jobs of the store. */
export interface Runner {
  readonly id: string
  /** The condition on a row of `jobs` that runs: the process that ran it is gone. */
  isGone(): RawBuilder<SqlBool>
}
