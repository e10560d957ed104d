import SQLite, { type Database } from 'better-sqlite3'
import { SqliteAdapter, SqliteDialect, type SqliteStatement } from 'kysely'
import { StorageUnavailableError } from '../../jobs/ports/job-repository.ts'

/** What the disk or the file cannot do now. Other errors are mistakes of ours. */
const FAULTS = /^SQLITE_(FULL|IOERR|READONLY|BUSY|LOCKED|CANTOPEN|CORRUPT|NOTADB|NOMEM|PERM|PROTOCOL)/

/** Statements that checkpoints of so many jobs make differ in length, so they are not kept for good. */
const MAX_STATEMENTS = 200

/** Kysely's dialect with statements that are kept, migrations in a transaction, and faults as the port has them. */
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
    all: (parameters) => orFault(() => statement.all(...parameters)),
    run: (parameters) => orFault(() => statement.run(...parameters)),
    iterate: (parameters) => statement.iterate(...parameters),
  }
}

function orFault<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (error instanceof SQLite.SqliteError && FAULTS.test(error.code)) throw new StorageUnavailableError(error)
    throw error
  }
}
