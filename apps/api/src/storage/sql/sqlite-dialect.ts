import SQLite, { type Database } from 'better-sqlite3'
import { SqliteAdapter, SqliteDialect, type SqliteStatement } from 'kysely'
import { StorageUnavailableError } from '../../jobs/ports/storage-errors.ts'

/** Codes of faults of the disk or the file. Other errors are bugs of ours. */
const FAULTS = /^SQLITE_(FULL|IOERR|READONLY|BUSY|LOCKED|CANTOPEN|CORRUPT|NOTADB|NOMEM|PERM|PROTOCOL)/

/** Prepared statements are kept up to this number. Checkpoints make a different statement for each number of jobs. */
const MAX_STATEMENTS = 200

/**
 * Kysely's SQLite dialect with three additions: prepared statements are kept, migrations run in a transaction, and faults of
 * the disk are thrown as StorageUnavailableError.
 */
export class SqliteFileDialect extends SqliteDialect {
  constructor(driver: Database) {
    const statements = new Map<string, SqliteStatement>()
    super({
      database: {
        prepare(query) {
          const known = statements.get(query)
          if (known) return known
          const statement = guarded(driver, query)
          if (statements.size === MAX_STATEMENTS) statements.clear()
          statements.set(query, statement)
          return statement
        },
        close: () => void driver.close(),
      },
    })
  }

  override createAdapter(): SqliteAdapter {
    return new (class extends SqliteAdapter {
      override get supportsTransactionalDdl(): boolean {
        return true
      }
    })()
  }
}

function guarded(driver: Database, query: string): SqliteStatement {
  const statement = driver.prepare(query)
  return {
    reader: statement.reader,
    all: (parameters) => orUnavailable(() => statement.all(...parameters)),
    run: (parameters) => orUnavailable(() => statement.run(...parameters)),
    iterate: (parameters) => statement.iterate(...parameters),
  }
}

function orUnavailable<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (error instanceof SQLite.SqliteError && FAULTS.test(error.code)) throw new StorageUnavailableError(error)
    throw error
  }
}
