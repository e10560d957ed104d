import { hostname } from 'node:os'
import { Kysely, PostgresDialect, sql } from 'kysely'
import type { ClientBase, ClientConfig, PoolConfig } from 'pg'
import type { Logger } from '../../base/logger.ts'
import { type Patience, untilReachable } from '../../base/until-reachable.ts'
import { RECORD_VERSION } from '../../jobs/record-version.ts'
import { describeStore } from '../store-location.ts'
import { StoreOpenError } from '../store-open-error.ts'
import { ExclusiveRunner } from './exclusive-runner.ts'
import { checkMigrated, migrate } from './migrations.ts'
import { PostgresDatabase } from './postgres-database.ts'
import { APPLICATION, PostgresLock } from './postgres-lock.ts'
import { postgresOpenError } from './postgres-open-error.ts'
import { GuardedPool } from './postgres-pool.ts'
import { keepsSessions } from './postgres-sessions.ts'
import { LEASE_TIMES, RunnerLease } from './runner-lease.ts'
import type { LeaseTimes } from './runner-watch.ts'
import { SqlJobRepository } from './sql-job-repository.ts'
import type { SqlDb, Tables } from './tables.ts'

export interface PostgresOptions {
  /** Whether the database is only read, to import its jobs into another store. */
  readonly isSource?: boolean
  readonly logger: Pick<Logger, 'info' | 'warn'>
  /** Whether other servers use the database at the same time. If not, a second server is refused. */
  readonly shared: boolean
  /** Only for a shared store. The default is `LEASE_TIMES`. */
  readonly lease?: LeaseTimes
  /** The newest form of a record that this process reads. Default: `RECORD_VERSION`. */
  readonly recordVersion?: number
  /** How long to try while PostgreSQL does not answer. */
  readonly patience?: Patience
  /** How long to try while the store is in use, in milliseconds. The default is 2 s: its server may have just been killed. */
  readonly freeWithinMs?: number
  /** How long a connection or an answer may take, in milliseconds. The default is 5 s. */
  readonly answerWithinMs?: number
}

const ANSWER_WITHIN_MS = 5_000
const FREE_WITHIN_MS = 2_000
/** Those of `PostgresBatches`, and those of all other statements. */
const MAX_CONNECTIONS = { batches: 4, others: 6 }
/**
 * The statements of `PostgresBatches` find all rows by primary keys. A plan that was made while the tables were small must not
 * read them whole when they have grown.
 */
const BATCH_PLANS =
  'set plan_cache_mode = force_generic_plan; set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off'

/**
 * Opens the jobs of a PostgreSQL database.
 * @throws StoreOpenError the database cannot be used, or is in use
 * @throws UnreachableError PostgreSQL does not answer
 */
export function openPostgresJobs(url: string, options: PostgresOptions): Promise<SqlJobRepository> {
  return untilOpen(url, options, async () => await SqlJobRepository.open(await connect(url, options)))
}

/** Opens a PostgreSQL database as `openPostgresJobs` does, but returns the database. */
export function openPostgresDatabase(url: string, options: PostgresOptions): Promise<PostgresDatabase> {
  return untilOpen(url, options, () => connect(url, options))
}

/** Repeats `open` while PostgreSQL does not answer, or ends the connection before the store is open. */
function untilOpen<Opened>(
  url: string,
  { logger, patience }: PostgresOptions,
  open: () => Promise<Opened>,
): Promise<Opened> {
  return untilReachable(() => orOpenError(url, open), { ...patience, logger })
}

/**
 * Brings the tables of a database to the state that this version needs. Servers can use the database at the same time.
 * @returns the names of the migrations that were run
 */
export function migratePostgres(url: string, { logger }: Pick<PostgresOptions, 'logger'>): Promise<string[]> {
  return untilReachable(() => orOpenError(url, () => migrateAlone(url, logger)), { logger })
}

async function connect(url: string, options: PostgresOptions): Promise<PostgresDatabase> {
  const { logger, shared, isSource = false, lease = LEASE_TIMES, recordVersion = RECORD_VERSION } = options
  const { answerWithinMs = ANSWER_WITHIN_MS, freeWithinMs: withinMs = FREE_WITHIN_MS } = options
  const config = configOf(url, answerWithinMs)
  if (!(await keepsSessions(config))) throw pooled(url)
  const id = crypto.randomUUID()
  const lock = await PostgresLock.acquire(config, shared ? 'shared' : 'exclusive', { processId: id, logger, withinMs })
  if (!(lock instanceof PostgresLock)) throw inUse(url, lock.heldBy)
  let db: SqlDb | undefined
  try {
    if (!isSource) await migrateAlone(url, logger)
    const limits = limitStatements(answerWithinMs)
    db = open({ ...config, max: MAX_CONNECTIONS.others, onConnect: limits }, logger)
    await checkEncoding(db)
    if (isSource) await checkMigrated(db, 'postgres')
    const runner = shared
      ? await RunnerLease.start(db, { id, times: lease, recordVersion, logger })
      : new ExclusiveRunner(id)
    const onConnect = async (client: ClientBase) => {
      await limits(client)
      await client.query(BATCH_PLANS)
    }
    const batches = new GuardedPool({ ...config, max: MAX_CONNECTIONS.batches, onConnect }, logger)
    return new PostgresDatabase(db, lock, runner, batches)
  } catch (error) {
    await db?.destroy()
    await lock.release()
    throw error
  }
}

/** Without a time limit, because it may have to wait for another process that migrates. */
async function migrateAlone(url: string, logger: PostgresOptions['logger']): Promise<string[]> {
  const { query_timeout, ...config } = configOf(url, ANSWER_WITHIN_MS)
  const db = open(config, logger)
  try {
    return await migrate(db, 'postgres')
  } finally {
    await db.destroy()
  }
}

/**
 * The server gives up before this process does, so that it stores nothing of which a caller was told that it was not stored.
 * Set on the open connection, because poolers refuse the limit as a parameter of its start.
 */
function limitStatements(answerWithinMs: number): (client: ClientBase) => Promise<void> {
  return async (client) => void (await client.query(`set statement_timeout = ${answerWithinMs}`))
}

function open(config: PoolConfig, logger: PostgresOptions['logger']): SqlDb {
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: new GuardedPool(config, logger) }) })
}

function configOf(url: string, answerWithinMs: number): ClientConfig {
  return {
    connectionString: url,
    // A server that is refused the store names this one by it. PostgreSQL allows 63 bytes.
    application_name: `${APPLICATION} process ${process.pid} on ${hostname()}`.slice(0, 63),
    connectionTimeoutMillis: answerWithinMs,
    query_timeout: answerWithinMs + 1_000,
    keepAlive: true,
  }
}

async function checkEncoding(db: SqlDb): Promise<void> {
  const { rows } = await sql<{ encoding: string }>`select current_setting('server_encoding') as encoding`.execute(db)
  const encoding = rows[0]?.encoding
  if (encoding === 'UTF8') return
  throw new StoreOpenError(
    `The database of the job store has the encoding ${encoding}, not UTF8. Create another one with ENCODING 'UTF8'.`,
  )
}

function pooled(url: string): StoreOpenError {
  return new StoreOpenError(
    `The job store ${describeStore({ kind: 'postgres', url })} is reached through a connection pooler in transaction mode, ` +
      'such as PgBouncer. The lock that keeps other servers out does not hold there. ' +
      'Set pool_mode = session for this database, or name PostgreSQL itself in DATABASE_URL.',
  )
}

function inUse(url: string, heldBy: string): StoreOpenError {
  return new StoreOpenError(
    `The job store ${describeStore({ kind: 'postgres', url })} is in use by ${heldBy}. Stop that server, or give this one another DATABASE_URL.`,
  )
}

async function orOpenError<Opened>(url: string, open: () => Promise<Opened>): Promise<Opened> {
  try {
    return await open()
  } catch (error) {
    throw postgresOpenError(describeStore({ kind: 'postgres', url }), error)
  }
}
