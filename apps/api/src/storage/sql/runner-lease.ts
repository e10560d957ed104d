import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Logger } from '../../base/logger.ts'
import type { Runner } from './sql-database.ts'
import type { SqlDb } from './tables.ts'

export interface LeaseTimes {
  /** For how long a process counts as alive without a word from it, in milliseconds. */
  readonly leaseMs: number
  /** How often it gives word, in milliseconds. */
  readonly renewMs: number
}

export const LEASE_TIMES: LeaseTimes = { leaseMs: 15_000, renewMs: 3_000 }

/** Rows of runners that ended without giving word are removed after so many leases. */
const LEASES_KEPT = 100

/**
 * One of several processes that run jobs of a store. Each says by a row of its own, on the clock of the database, until
 * when it counts as alive; the jobs of one that does not say so any more can be ended by any other.
 *
 * While the database was away nobody could say anything. So whoever could not renew its own lease believes in the end of
 * others only when it has renewed for the time of a whole lease again, in which they could have done so too.
 */
export class RunnerLease implements Runner {
  readonly id = crypto.randomUUID()
  readonly #db: SqlDb
  readonly #times: LeaseTimes
  readonly #logger: Pick<Logger, 'warn'>
  #timer: NodeJS.Timeout | undefined
  #renewal: Promise<void> | undefined
  #renewedAt = performance.now()
  /** Since when no renewal has failed or come late. */
  #steadySince = performance.now()

  private constructor(db: SqlDb, times: LeaseTimes, logger: Pick<Logger, 'warn'>) {
    this.#db = db
    this.#times = times
    this.#logger = logger
  }

  static async start(db: SqlDb, times: LeaseTimes, logger: Pick<Logger, 'warn'>): Promise<RunnerLease> {
    const lease = new RunnerLease(db, times, logger)
    await lease.#renew()
    lease.#timer = setInterval(() => {
      lease.#renewal ??= lease.#renewInTime()
    }, times.renewMs)
    return lease
  }

  /** A runner without a row has given its lease up by itself. */
  isGone(): RawBuilder<SqlBool> {
    const isSteady = performance.now() - this.#steadySince >= this.#times.leaseMs
    return sql<SqlBool>`(jobs.runner_id is null or jobs.runner_id <> ${this.id} and not exists (
      select from runners
      where runners.id = jobs.runner_id ${isSteady ? sql`and runners.alive_until > clock_timestamp()` : sql``}
    ))`
  }

  async end(): Promise<void> {
    clearInterval(this.#timer)
    await this.#renewal
    await this.#db
      .deleteFrom('runners')
      .where('id', '=', this.id)
      .execute()
      .catch((err) => this.#logger.warn({ err }, 'the lease was not given up; it expires'))
  }

  async #renewInTime(): Promise<void> {
    try {
      await this.#renew()
      const now = performance.now()
      // Also after this process alone was held up, as it cannot tell.
      const isLate = now - this.#renewedAt > this.#times.leaseMs / 2
      if (isLate || this.#steadySince === Number.POSITIVE_INFINITY) this.#steadySince = now
      this.#renewedAt = now
    } catch (err) {
      this.#steadySince = Number.POSITIVE_INFINITY
      this.#logger.warn({ err }, 'the lease on running jobs was not renewed')
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
