import type { RawBuilder, SqlBool } from 'kysely'
import type { StoredJob } from '../../jobs/job.ts'
import type { JobCheckpoint, JobState } from '../../jobs/ports/stored-values.ts'
import type { SqlDialect } from './sql-dialect.ts'
import type { SqlDb } from './tables.ts'

/** A database as the repository uses it. All its methods throw StorageUnavailableError when it cannot be used. */
export interface SqlDatabase {
  /** Use this for reading only. */
  readonly db: SqlDb
  /** Which SQL it speaks. */
  readonly dialect: SqlDialect
  readonly runner: Runner
  /**
   * Whether a failed insert that may have been stored must be removed. False where a failed insert is never stored, and where
   * other processes share the store: one of them may have started the job already, so it is left to run.
   */
  readonly mustRemoveUnconfirmed: boolean
  readonly statements: JobStatements

  /** Makes a change that is one statement. Resolves when it is on disk. */
  write<Result>(statement: (db: SqlDb) => Promise<Result>): Promise<Result>

  /** Makes a change of several statements in one transaction. Resolves when it is on disk. */
  transact<Result>(statements: (db: SqlDb) => Promise<Result>): Promise<Result>

  /**
   * As `transact`, for a new job of a caller with a budget: no other such transaction of the caller is under way, in any
   * process, and it sees what those before it stored. Other callers do not wait.
   */
  transactFor<Result>(owner: string, statements: (db: SqlDb) => Promise<Result>): Promise<Result>

  /** @throws StorageUnavailableError a change could not be stored right now */
  checkHealth(): Promise<void>

  close(): Promise<void>
}

/** The usual ways to read and change jobs, by statements whose texts are made once. */
export interface JobStatements {
  /**
   * Stores a job that refers to no other and to no item, and has no metadata.
   * @throws JobConflictError
   */
  insert(job: StoredJob): Promise<void>
  find(id: string): Promise<StoredJob | undefined>
  /**
   * Stores the next state of a job, as `JobRepository.replace` says.
   * @param hasCheckpoints whether the stored state may have checkpoints, which are removed: the new state has the whole answer
   */
  replace(next: StoredJob, from: JobState, hasCheckpoints: boolean): Promise<boolean>
  /** As `storeCheckpoints`. */
  checkpoint(progress: readonly JobCheckpoint[]): Promise<ReadonlySet<string>>
}

/** This process in its role of running jobs of the store. */
export interface Runner {
  /** Stored with each job that this process runs. */
  readonly id: string
  /** A condition on a running job's row in `jobs`: the process that ran the job is gone. */
  isGone(): RawBuilder<SqlBool>
  /** Whether other processes may not have taken over the jobs that this one runs. */
  holdsRuns(): boolean
  /** Whether every living process reads records of a version. */
  canAllRead(db: SqlDb, recordVersion: number): Promise<boolean>
  /** Whether a process uses the store, as `JobRepository.isConnected` says. */
  isConnected(db: SqlDb, processId: string): Promise<boolean>
}
