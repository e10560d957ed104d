import type { Logger } from './base/logger.ts'
import type { JobRepository } from './jobs/ports/job-repository.ts'
import { ImportError } from './storage/import-error.ts'
import type { JobSource, JobTarget } from './storage/job-import.ts'
import type { StoreLocation } from './storage/store-location.ts'

interface OpenOptions {
  /** Told what an operator should know about the store, also while it is being opened. */
  readonly logger: Pick<Logger, 'info' | 'warn'>
  /** Whether other servers use it at the same time, which only PostgreSQL can do. */
  readonly shared: boolean
  /** For a shared store: how long a process may be silent before its jobs count as abandoned, in milliseconds. */
  readonly leaseMs?: number
}

/**
 * Opens the store that the location names. What only some stores need is loaded only for them.
 * @throws StoreOpenError
 * @throws UnreachableError its server does not answer
 */
export async function openJobs(
  location: StoreLocation,
  { logger, shared, leaseMs }: OpenOptions,
): Promise<JobRepository> {
  switch (location.kind) {
    case 'json-file': {
      const { JsonFileJobRepository } = await import('./storage/json-file/json-file-job-repository.ts')
      return await JsonFileJobRepository.open(location.path, { logger })
    }
    case 'sqlite': {
      const { openSqliteJobs } = await import('./storage/sql/open-sqlite.ts')
      return await openSqliteJobs(location.path)
    }
    case 'postgres': {
      const { openPostgresJobs } = await import('./storage/sql/open-postgres.ts')
      return await openPostgresJobs(location.url, {
        logger,
        shared,
        ...(leaseMs !== undefined && { lease: leaseTimes(leaseMs) }),
      })
    }
  }
}

/** A lease outlives a few renewals that fail. */
function leaseTimes(leaseMs: number): { leaseMs: number; renewMs: number } {
  return { leaseMs, renewMs: Math.ceil(leaseMs / 5) }
}

/**
 * Brings the tables of a store to the state that this version needs.
 * @returns the names of the migrations that were run now
 * @throws StoreOpenError
 * @throws UnreachableError its server does not answer
 */
export async function migrateJobs(location: StoreLocation, { logger }: Pick<OpenOptions, 'logger'>): Promise<string[]> {
  switch (location.kind) {
    case 'json-file':
      return []
    case 'sqlite': {
      const { migrateSqlite } = await import('./storage/sql/open-sqlite.ts')
      return await migrateSqlite(location.path)
    }
    case 'postgres': {
      const { migratePostgres } = await import('./storage/sql/open-postgres.ts')
      return await migratePostgres(location.url, { logger })
    }
  }
}

/** To count the jobs of a large store takes a while. */
const IMPORT_ANSWER_WITHIN_MS = 60_000

/**
 * Opens a store whose jobs are to be read, and which is left as it is.
 * @throws StoreOpenError there is none, or it is in use
 */
export async function openSource(location: StoreLocation, { logger }: Pick<OpenOptions, 'logger'>): Promise<JobSource> {
  if (location.kind === 'json-file') {
    const { JsonFileJobSource } = await import('./storage/json-file/json-file-job-source.ts')
    return await JsonFileJobSource.open(location.path)
  }
  const { SqlJobSource } = await import('./storage/sql/sql-import.ts')
  if (location.kind === 'sqlite') {
    const { openSqliteSource } = await import('./storage/sql/open-sqlite.ts')
    return new SqlJobSource(await openSqliteSource(location.path))
  }
  const { openPostgresDatabase } = await import('./storage/sql/open-postgres.ts')
  return new SqlJobSource(await openPostgresDatabase(location.url, { ...importOptions(logger), isSource: true }))
}

/**
 * Opens a store that is to take the jobs of another one.
 * @throws ImportError it is of a kind that cannot
 * @throws StoreOpenError
 */
export async function openTarget(location: StoreLocation, { logger }: Pick<OpenOptions, 'logger'>): Promise<JobTarget> {
  if (location.kind === 'json-file')
    throw new ImportError('Jobs are imported into sqlite:PATH or postgres://…, not a JSON file.')
  const { SqlJobTarget } = await import('./storage/sql/sql-import.ts')
  if (location.kind === 'sqlite') {
    const { openSqliteDatabase } = await import('./storage/sql/open-sqlite.ts')
    return new SqlJobTarget(await openSqliteDatabase(location.path))
  }
  const { openPostgresDatabase } = await import('./storage/sql/open-postgres.ts')
  return new SqlJobTarget(await openPostgresDatabase(location.url, importOptions(logger)))
}

function importOptions(logger: OpenOptions['logger']) {
  return { logger, shared: false, answerWithinMs: IMPORT_ANSWER_WITHIN_MS }
}
