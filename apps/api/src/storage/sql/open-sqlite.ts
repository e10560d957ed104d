import { open, stat } from 'node:fs/promises'
import SQLite, { type Database } from 'better-sqlite3'
import { locateStoreFile, lockStoreFile, unusableStoreFile } from '../store-file.ts'
import { StoreOpenError } from '../store-open-error.ts'
import { checkMigrated, migrate, type SqlDialect } from './migrations.ts'
import { SqlJobRepository } from './sql-job-repository.ts'
import { SqliteDatabase } from './sqlite-database.ts'
import type { SqlDb } from './tables.ts'

/**
 * Opens or creates a SQLite file, and its folder.
 * @throws StoreOpenError it is not a database of ours, cannot be written, or is in use
 */
export async function openSqliteJobs(path: string): Promise<SqlJobRepository> {
  return await SqlJobRepository.open(await openSqliteDatabase(path))
}

/**
 * Makes the tables that this version needs.
 * @returns the names of the migrations that were run now
 * @throws StoreOpenError
 */
export async function migrateSqlite(path: string): Promise<string[]> {
  const { database, migrations } = await openPrepared(path, migrate)
  await database.close()
  return migrations
}

/**
 * The same as a database, with the tables that this version needs.
 * @throws StoreOpenError
 */
export async function openSqliteDatabase(path: string): Promise<SqliteDatabase> {
  return (await openPrepared(path, migrate)).database
}

/**
 * Opens a file whose jobs are to be read elsewhere, and changes nothing in it.
 * @throws StoreOpenError there is none, or its tables are of another version
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
  // Made by us, so that it is its owner's alone: prompts and answers are private. The files beside it follow it.
  await (await open(file, 'a', 0o600)).close()
  const driver = new SQLite(file, { timeout: 5_000 })
  try {
    // A journal that is appended to, flushed at each commit: a job that was accepted is on disk.
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
      `The job store ${file} is damaged, or no SQLite file: ${cause.message}. It was left as it is. ` +
        'Put a backup in its place, or move it away to start with no jobs.',
      cause,
    )
  }
  return unusableStoreFile(file, cause)
}
