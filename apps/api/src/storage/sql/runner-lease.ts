import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Logger } from '../../base/logger.ts'
import type { Runner } from './sql-database.ts'
import type { SqlDb } from './tables.ts'

export interface LeaseTimes {
  /** How long a process counts as alive after it renewed its lease, in milliseconds. */
  readonly leaseMs: number
  /** How often a process renews its lease, in milliseconds. */
  readonly renewMs: number
}

/** The default times. */
export const LEASE_TIMES: LeaseTimes = { leaseMs: 15_000, renewMs: 3_000 }

/** The row of a process that crashed is removed after this many leases. */
const LEASES_KEPT = 100

/**
 * The runner of a store that several processes share. Each process has a row in `runners` that says, by the clock of the
 * database, until when the process counts as alive. When that time has passed, any other process can end its jobs.
 *
 * While the database is away, no process can renew its lease. So after a renewal of its own failed or came late, a process
 * treats others as gone only after renewing for the time of a whole lease, in which they can renew too
 * (docs/decisions/2026-11-24-sql-stores.md).
 */
export class RunnerLease implements Runner {
  readonly id = crypto.randomUUID()
  readonly #db: SqlDb
  readonly #times: LeaseTimes
  readonly #logger: Pick<Logger, 'warn'>
  #timer: NodeJS.Timeout | undefined
  #renewal: Promise<void> | undefined
  #renewedAt = performance.now()
  /** The time since which every renewal has succeeded in time. Infinite after one that failed. */
  #steadySince = performance.now()

  private constructor(db: SqlDb, times: LeaseTimes, logger: Pick<Logger, 'warn'>) {
    this.#db = db
    this.#times = times
    this.#logger = logger
  }

  /** Stores the first lease, and renews it until `end`. */
  static async start(db: SqlDb, times: LeaseTimes, logger: Pick<Logger, 'warn'>): Promise<RunnerLease> {
    const lease = new RunnerLease(db, times, logger)
    await lease.#renew()
    lease.#timer = setInterval(() => {
      lease.#renewal ??= lease.#renewInTime()
    }, times.renewMs)
    return lease
  }

  /** A process without a row has ended its lease itself, so it is gone in any case. */
  isGone(): RawBuilder<SqlBool> {
    const isSteady = performance.now() - this.#steadySince >= this.#times.leaseMs
    return sql<SqlBool>`(jobs.runner_id is null or jobs.runner_id <> ${this.id} and not exists (
      select from runners
      where runners.id = jobs.runner_id ${isSteady ? sql`and runners.alive_until > clock_timestamp()` : sql``}
    ))`
  }

  /** Ends the lease, so that other processes can end the jobs at once. */
  async end(): Promise<void> {
    clearInterval(this.#timer)
    await this.#renewal
    await this.#db
      .deleteFrom('runners')
      .where('id', '=', this.id)
      .execute()
      .catch((err) => this.#logger.warn({ err }, 'could not end the lease; it expires by itself'))
  }

  async #renewInTime(): Promise<void> {
    try {
      await this.#renew()
      const now = performance.now()
      // A late renewal counts like a failed one: this process cannot tell whether it or the database was slow.
      const isLate = now - this.#renewedAt > this.#times.leaseMs / 2
      if (isLate || this.#steadySince === Number.POSITIVE_INFINITY) this.#steadySince = now
      this.#renewedAt = now
    } catch (err) {
      this.#steadySince = Number.POSITIVE_INFINITY
      this.#logger.warn({ err }, 'could not renew the lease on running jobs')
    } finally {
      this.#renewal = undefined
    }
  }

  async #renew(): Promise<void> {
    const { leaseMs } = this.#times
    await sql`
      with expired as (
        delete from runners where id <> ${this.id} and alive_until < clock_timestamp() - ${sql.lit(leaseMs * LEASES_KEPT)} * interval '1 ms'
      )
      insert into runners (id, alive_until)
      values (${this.id}, clock_timestamp() + ${sql.lit(leaseMs)} * interval '1 ms')
      on conflict (id) do update set alive_until = excluded.alive_until`.execute(this.#db)
  }
}
