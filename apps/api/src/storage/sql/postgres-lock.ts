import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type ClientConfig } from 'pg'
import type { Logger } from '../../base/logger.ts'
import { TAKE_PROCESS_LOCK } from './process-lock.ts'

interface LockOptions {
  /** Names this process, see `JobRepository.processId`. */
  readonly processId: string
  readonly logger: Pick<Logger, 'warn' | 'info'>
  /** How long to try, in milliseconds. */
  readonly withinMs: number
}

/** Several processes can hold a shared lock. An exclusive lock allows no other one. */
export type LockMode = 'exclusive' | 'shared'

/** The key of the job store among the advisory locks of a database. */
const STORE_LOCK = 1_347_243_074
const LOCK_FUNCTIONS = { exclusive: 'pg_try_advisory_lock', shared: 'pg_try_advisory_lock_shared' } as const
/** The application names of all our connections begin with this. */
export const APPLICATION = 'promptlab'

const TRY_AGAIN_MS = 100
const REGAIN_MS = 500

const HOLDER = `
  select activity.application_name as name, host(activity.client_addr) as address, activity.backend_start as since
  from pg_locks locks join pg_stat_activity activity using (pid)
  where locks.locktype = 'advisory' and locks.classid = ${STORE_LOCK} and locks.objid = 0 and locks.granted
    and locks.database = (select oid from pg_database where datname = current_database())
  limit 1`

/** Connections of another PromptLab server. One that was killed may have left some, with statements that still run. */
const OTHER_CONNECTIONS = `
  select application_name as name, host(client_addr) as address, backend_start as since from pg_stat_activity
  where datname = current_database() and application_name like '${APPLICATION} %'
    and application_name <> current_setting('application_name')
  limit 1`

/**
 * A lock on the tables of a store. It is bound to a connection: PostgreSQL releases it when the connection ends, also after
 * a crash. The connection also holds a lock that names this process. When the connection breaks, this class tries to take the lock again every 500 ms.
 */
export class PostgresLock {
  readonly #config: ClientConfig
  readonly #mode: LockMode
  readonly #processId: string
  readonly #logger: Pick<Logger, 'warn' | 'info'>
  #client: Client | undefined
  #isClosed = false
  #regaining: Promise<void> | undefined

  private constructor(config: ClientConfig, mode: LockMode, { processId, logger }: LockOptions) {
    this.#config = config
    this.#mode = mode
    this.#processId = processId
    this.#logger = logger
  }

  /**
   * Takes the lock. Tries until `withinMs` has passed, because PostgreSQL takes a moment to notice that a process was killed.
   * @returns the lock, or the server that holds it, as a part of a sentence
   */
  static async acquire(
    config: ClientConfig,
    mode: LockMode,
    options: LockOptions,
  ): Promise<PostgresLock | { heldBy: string }> {
    const lock = new PostgresLock(config, mode, options)
    const giveUpAt = performance.now() + options.withinMs
    for (;;) {
      const heldBy = await lock.#take()
      if (heldBy === undefined) return lock
      if (performance.now() >= giveUpAt) return { heldBy }
      await sleep(TRY_AGAIN_MS)
    }
  }

  /** Whether this process holds the lock now. */
  get isHeld(): boolean {
    return this.#client !== undefined
  }

  async release(): Promise<void> {
    this.#isClosed = true
    await this.#regaining
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => {})
  }

  /** @returns undefined when the lock was taken, else the server that holds it */
  async #take(): Promise<string | undefined> {
    const client = new Client(this.#config)
    client.on('error', (err) => this.#logger.warn({ err }, 'the connection with the lock of the job store failed'))
    try {
      await client.connect()
      const lock = `select ${LOCK_FUNCTIONS[this.#mode]}(${STORE_LOCK}, 0) as taken`
      const { rows } = await client.query<{ taken: boolean }>(lock)
      const isTaken = rows[0]?.taken === true
      const holderQuery = isTaken ? this.#mode === 'exclusive' && OTHER_CONNECTIONS : HOLDER
      const holders = holderQuery ? (await client.query<Holder>(holderQuery)).rows : []
      if (!isTaken || holders[0]) {
        await client.end()
        return describeHolder(holders[0])
      }
      await client.query(TAKE_PROCESS_LOCK, [this.#processId])
      this.#client = client
      client.once('end', () => this.#onEnd(client))
      return undefined
    } catch (error) {
      await client.end().catch(() => {})
      throw error
    }
  }

  #onEnd(client: Client): void {
    if (this.#client !== client) return
    this.#client = undefined
    if (!this.#isClosed) this.#regaining = this.#regain()
  }

  async #regain(): Promise<void> {
    this.#logger.warn({}, 'lost the lock of the job store; nothing is stored until it is taken again')
    let heldBefore: string | undefined
    while (!this.#isClosed) {
      const heldBy = await this.#take().catch(() => 'unknown, PostgreSQL does not answer')
      if (heldBy === undefined) {
        this.#logger.info({}, 'took the lock of the job store again')
        return
      }
      if (heldBy !== heldBefore) this.#logger.warn({ heldBy }, 'could not take the lock of the job store')
      heldBefore = heldBy
      await sleep(REGAIN_MS)
    }
  }
}

interface Holder {
  readonly name: string
  readonly address: string | null
  readonly since: Date
}

function describeHolder(holder: Holder | undefined): string {
  if (!holder) return 'another server'
  const { name, address, since } = holder
  return `${name || 'another program'}${address ? ` (from ${address})` : ''}, since ${since.toISOString()}`
}
