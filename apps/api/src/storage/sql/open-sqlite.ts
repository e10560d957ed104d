import { open, stat } from 'node:fs/promises'
import SQLite, { type Database } from 'better-sqlite3'
import { locateStoreFile, lockStoreFile, unusableStoreFile } from '../store-file.ts'
import { StoreOpenError } from '../store-open-error.ts'
import { checkMigrated, migrate } from './migrations.ts'
import type { SqlDialect } from './sql-dialect.ts'
import { SqlJobRepository } from './sql-job-repository.ts'
import { SqliteDatabase } from './sqlite-database.ts'
import type { SqlDb } from './tables.ts'

/** How long a change waits for another program that uses the file, such as a backup. The whole process waits with it. */
const BUSY_TIMEOUT_MS = 1_000

/**
 * Opens a SQLite file. The file and its folder are created if they do not exist.
 * @throws StoreOpenError the file is not a database of ours, cannot be written, or is in use
 */
export async function openSqliteJobs(path: string): Promise<SqlJobRepository> {
  return await SqlJobRepository.open(await openSqliteDatabase(path))
}

/**
 * Brings the tables of a SQLite file to the state that this version needs.
 * @returns the names of the migrations that were run
 * @throws StoreOpenError
 */
export async function migrateSqlite(path: string): Promise<string[]> {
  const { database, migrations } = await openPrepared(path, migrate)
  await database.close()
  return migrations
}

/**
 * Opens a SQLite file as `openSqliteJobs` does, but returns the database.
 * @throws StoreOpenError
 */
export async function openSqliteDatabase(path: string): Promise<SqliteDatabase> {
  return (await openPrepared(path, migrate)).database
}

/**
 * Opens a SQLite file from which jobs are imported. Changes nothing in it.
 * @throws StoreOpenError the file does not exist, or another version made its tables
 */
export async function openSqliteSource(path: string): Promise<SqliteDatabase> {
  await stat(path).catch((cause) => {
    throw new StoreOpenError(`There is no job store ${path}.`, cause)
  })
  return (await openPrepared(path, checkMigrated)).database
}

async function openPrepared<Prepared>(
  path: string,
  prepare: (db: SqlDb, dialect: SqlDialect) => Promise<Prepared>,
): Promise<{ database: SqliteDatabase; migrations: Prepared }> {
  const file = await locateStoreFile(path)
  const lock = await lockStoreFile(file)
  let database: SqliteDatabase | undefined
  try {
    database = new SqliteDatabase(file, await openDriver(file), lock)
    return { database, migrations: await prepare(database.db, 'sqlite') }
  } catch (error) {
    await (database ?? { close: () => lock.release() }).close()
    throw error instanceof StoreOpenError ? error : unusable(file, error)
  }
}

async function openDriver(file: string): Promise<Database> {
  // Created here with mode 600, because prompts and answers are private. SQLite gives the files beside it the same mode.
  await (await open(file, 'a', 0o600)).close()
  const driver = new SQLite(file, { timeout: BUSY_TIMEOUT_MS })
  try {
    // A write-ahead log that is flushed at each commit: an accepted job is on disk.
    driver.pragma('journal_mode = wal')
    driver.pragma('synchronous = full')
    driver.pragma('foreign_keys = on')
    return driver
  } catch (error) {
    driver.close()
    throw error
  }
}

function unusable(file: string, error: unknown): StoreOpenError {
  const cause = error instanceof Error && error.cause ? error.cause : error
  if (!(cause instanceof SQLite.SqliteError)) return unusableStoreFile(file, cause)
  if (cause.code === 'SQLITE_NOTADB' || cause.code.startsWith('SQLITE_CORRUPT')) {
    return new StoreOpenError(
      `The job store ${file} is damaged, or not a SQLite file: ${cause.message}. The file is unchanged. ` +
        'Restore it from a backup, or move it away to start without jobs.',
      cause,
    )
  }
  return unusableStoreFile(file, cause)
}
