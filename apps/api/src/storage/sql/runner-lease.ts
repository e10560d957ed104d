import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Logger } from '../../base/logger.ts'
import { holdsProcessLock } from './process-lock.ts'
import { type LeaseTimes, RunnerWatch } from './runner-watch.ts'
import type { Runner } from './sql-database.ts'
import type { SqlDb } from './tables.ts'

export const LEASE_TIMES: LeaseTimes = { leaseMs: 15_000, renewMs: 3_000 }

interface RunnerLeaseOptions {
  /** Names this process. Its connection with the lock of the store is known by it, see `PostgresLock`. */
  readonly id: string
  readonly times: LeaseTimes
  /** The newest form of a record that this process reads. */
  readonly recordVersion: number
  readonly logger: Pick<Logger, 'warn'>
}

/**
 * The runner of a store that several processes share. Each process has a row in `runners` that says, by the clock of the
 * database, until when the process counts as alive. When that time has passed, any other process can end its jobs.
 *
 * While the database is away, no process can renew its lease. So after a renewal of its own failed or came late, a process
 * treats others as gone only after renewing for the time of a whole lease, in which they can renew too
 * (docs/decisions/2026-11-24-sql-stores.md).
 */
export class RunnerLease implements Runner {
  readonly id: string
  readonly #db: SqlDb
  readonly #options: RunnerLeaseOptions
  readonly #watch: RunnerWatch
  #timer: NodeJS.Timeout | undefined
  #renewal: Promise<void> | undefined
  #renewedAt = performance.now()
  #hasFailed = false

  private constructor(db: SqlDb, options: RunnerLeaseOptions) {
    this.id = options.id
    this.#db = db
    this.#options = options
    this.#watch = new RunnerWatch(options.times)
  }

  static async start(db: SqlDb, options: RunnerLeaseOptions): Promise<RunnerLease> {
    const lease = new RunnerLease(db, options)
    await lease.#renew()
    lease.#timer = setInterval(() => {
      lease.#renewal ??= lease.#renewOrWarn()
    }, options.times.renewMs)
    return lease
  }

  /** A process without a row has ended its lease itself, so it is gone in any case. */
  isGone(): RawBuilder<SqlBool> {
    const gone = this.#watch.gone(performance.now())
    const isJudgedGone = gone.length > 0 ? sql`and runners.id not in (${sql.join(gone)})` : sql``
    return sql<SqlBool>`(jobs.runner_id is null or jobs.runner_id <> ${this.id} and not exists (
      select from runners where runners.id = jobs.runner_id ${isJudgedGone}
    ))`
  }

  holdsRuns(): boolean {
    // Right after a pause of this process, only the next heartbeat shows whether the lease was lost.
    return !this.#hasFailed || performance.now() - this.#renewedAt < this.#options.times.leaseMs
  }

  async canAllRead(db: SqlDb, recordVersion: number): Promise<boolean> {
    // Every version reads records of the first.
    if (recordVersion <= 1) return true
    const gone = this.#watch.gone(performance.now())
    let older = db.selectFrom('runners').select('id').where('record_version', '<', recordVersion)
    if (gone.length > 0) older = older.where('id', 'not in', gone)
    return (await older.limit(1).executeTakeFirst()) === undefined
  }

  /** A process whose machine went away may keep its connection for long; then it is gone when its lease has expired. */
  async isConnected(db: SqlDb, processId: string): Promise<boolean> {
    if (processId === this.id) return true
    return !this.#watch.gone(performance.now()).includes(processId) && (await holdsProcessLock(db, processId))
  }

  async end(): Promise<void> {
    clearInterval(this.#timer)
    await this.#renewal
    await this.#db
      .deleteFrom('runners')
      .where('id', '=', this.id)
      .execute()
      .catch((err) => this.#options.logger.warn({ err }, 'could not give up the lease on running jobs; it expires'))
  }

  async #renewOrWarn(): Promise<void> {
    try {
      await this.#renew()
    } catch (err) {
      this.#hasFailed = true
      this.#options.logger.warn({ err }, 'could not renew the lease on running jobs')
    } finally {
      this.#renewal = undefined
    }
  }

  /** One heartbeat, which also reads the rows of all others. */
  async #renew(): Promise<void> {
    const { times, recordVersion } = this.#options
    const startedAt = performance.now()
    const forgotten = this.#watch.forgotten()
    if (forgotten.length > 0) await this.#db.deleteFrom('runners').where('id', 'in', forgotten).execute()
    // Processes of earlier versions judge by alive_until, on the clock of the database.
    const aliveUntil = sql`clock_timestamp() + ${sql.lit(times.leaseMs)} * interval '1 ms'`
    const { rows } = await sql<{ id: string; heartbeat: string }>`
      with renewed as (
        insert into runners (id, alive_until, record_version) values (${this.id}, ${aliveUntil}, ${recordVersion})
        on conflict (id) do update set alive_until = excluded.alive_until
      )
      select id, alive_until::text as heartbeat from runners where id <> ${this.id}`.execute(this.#db)
    this.#renewedAt = startedAt
    this.#hasFailed = false
    this.#watch.observe(rows, performance.now())
  }
}
