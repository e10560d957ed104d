import { loadAdapter } from './base/load-adapter.ts'
import type { Logger } from './base/logger.ts'
import type { JobRepository } from './jobs/ports/job-repository.ts'
import { ImportError } from './storage/import-error.ts'
import type { JobSource, JobTarget } from './storage/job-import.ts'
import type { StoreLocation } from './storage/store-location.ts'

interface StoreOptions {
  /** Gets what an operator should know about the store, also while it is being opened. */
  readonly logger: Pick<Logger, 'info' | 'warn'>
}

interface OpenOptions extends StoreOptions {
  /** Whether other servers use the store at the same time. Only PostgreSQL allows that. */
  readonly shared: boolean
  /**
   * For a shared store: how long a process may miss its heartbeat before its jobs count as abandoned, in milliseconds.
   */
  readonly leaseMs?: number
}

/**
 * A job store at one location. Each method throws a StoreOpenError if it cannot use the store, and an UnreachableError
 * if the store's server does not answer.
 */
interface Store {
  open(options: OpenOptions): Promise<JobRepository>
  /**
   * Brings the tables of the store to the state that this version needs.
   * @returns the names of the migrations that were run now
   */
  migrate(options: StoreOptions): Promise<string[]>
  /** Opens the store to read its jobs. The store is not changed. */
  openSource(options: StoreOptions): Promise<JobSource>
  /**
   * Opens the store to import the jobs of another store.
   * @throws ImportError a store of this kind cannot import jobs
   */
  openTarget(options: StoreOptions): Promise<JobTarget>
}

/** The store at this location. The driver of a store is loaded only when the store is used. */
export function storeAt(location: StoreLocation): Store {
  switch (location.kind) {
    case 'json-file':
      return jsonFileStore(location.path)
    case 'sqlite':
      return sqliteStore(location.path)
    case 'postgres':
      return postgresStore(location.url)
  }
}

function jsonFileStore(path: string): Store {
  return {
    async open({ logger }) {
      const { JsonFileJobRepository } = await import('./storage/json-file/json-file-job-repository.ts')
      return await JsonFileJobRepository.open(path, { logger })
    },
    async migrate() {
      return []
    },
    async openSource() {
      const { JsonFileJobSource } = await import('./storage/json-file/json-file-job-source.ts')
      return await JsonFileJobSource.open(path)
    },
    async openTarget() {
      throw new ImportError('Jobs are imported into sqlite:PATH or postgres://…, not a JSON file.')
    },
  }
}

const loadSqlite = () => loadAdapter('SQLite', () => import('./storage/sql/open-sqlite.ts'))

function sqliteStore(path: string): Store {
  return {
    async open() {
      const { openSqliteJobs } = await loadSqlite()
      return await openSqliteJobs(path)
    },
    async migrate() {
      const { migrateSqlite } = await loadSqlite()
      return await migrateSqlite(path)
    },
    async openSource() {
      const { SqlJobSource } = await import('./storage/sql/sql-import.ts')
      const { openSqliteSource } = await loadSqlite()
      return new SqlJobSource(await openSqliteSource(path))
    },
    async openTarget() {
      const { SqlJobTarget } = await import('./storage/sql/sql-import.ts')
      const { openSqliteDatabase } = await loadSqlite()
      return new SqlJobTarget(await openSqliteDatabase(path))
    },
  }
}

/** Counting the jobs of a large store takes long. */
const IMPORT_ANSWER_WITHIN_MS = 60_000

const loadPostgres = () => loadAdapter('PostgreSQL', () => import('./storage/sql/open-postgres.ts'))

function postgresStore(url: string): Store {
  const forImport = { shared: false, answerWithinMs: IMPORT_ANSWER_WITHIN_MS }
  return {
    async open({ logger, shared, leaseMs }) {
      const { openPostgresJobs } = await loadPostgres()
      return await openPostgresJobs(url, {
        logger,
        shared,
        ...(leaseMs !== undefined && { lease: leaseTimes(leaseMs) }),
      })
    },
    async migrate({ logger }) {
      const { migratePostgres } = await loadPostgres()
      return await migratePostgres(url, { logger })
    },
    async openSource({ logger }) {
      const { SqlJobSource } = await import('./storage/sql/sql-import.ts')
      const { openPostgresDatabase } = await loadPostgres()
      return new SqlJobSource(await openPostgresDatabase(url, { ...forImport, logger, isSource: true }))
    },
    async openTarget({ logger }) {
      const { SqlJobTarget } = await import('./storage/sql/sql-import.ts')
      const { openPostgresDatabase } = await loadPostgres()
      return new SqlJobTarget(await openPostgresDatabase(url, { ...forImport, logger }))
    },
  }
}

/** A lease outlives a few renewals that fail. */
function leaseTimes(leaseMs: number): { leaseMs: number; renewMs: number } {
  return { leaseMs, renewMs: Math.ceil(leaseMs / 5) }
}
