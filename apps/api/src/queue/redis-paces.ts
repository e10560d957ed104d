import type { Redis } from 'ioredis'
import type { RefusedCall, ToldLimits } from '../jobs/ports/job-queue.ts'
import { RedisScript } from '../redis/redis-script.ts'
import { keyOf } from './local-paces.ts'
import { Pace, PaceState } from './pace.ts'

/** Stores a state if nobody else has stored one since it was read. */
const REPLACE = new RedisScript(`
if (redis.call('get', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`)
/** A state is forgotten when its provider and model were not used for so long, in milliseconds. */
const KEPT_MS = 180_000
/** A call may be promised so long before its time, in milliseconds. */
const AHEAD_MS = 100

interface Change {
  /** It may be applied again, to a newer state. */
  readonly apply: (pace: Pace, now: number) => void
  readonly resolve: () => void
}

/**
 * The pace of each provider and model, which all processes share in Redis. BullMQ's own limit of a queue knows no models. Each
 * process gathers what happens while its last change is on its way, so that many calls cost few commands. While Redis is away,
 * nothing is held back.
 */
export class RedisPaces {
  readonly #redis: Redis
  readonly #prefix: string
  /** Changes that are not on their way yet. A key is in it while its changes are stored. */
  readonly #waiting = new Map<string, Change[]>()

  /** @param prefix of all keys */
  constructor(redis: Redis, prefix: string) {
    this.#redis = redis
    this.#prefix = prefix
  }

  /**
   * Asks for the turns of calls, and counts those that are granted.
   * @param count the most that are wanted
   * @returns when calls may start, in milliseconds since the epoch: now or very soon. If there are none, `next` is when the
   * next may be asked for
   */
  async take(provider: string, model: string | undefined, count = 1): Promise<{ turns: number[]; next: number }> {
    let turns: number[] = []
    let next = 0
    await this.#change(keyOf(provider, model), (pace, now) => {
      turns = []
      for (next = pace.startsAt(now); turns.length < count && next <= now + AHEAD_MS; next = pace.startsAt(now)) {
        const at = Math.max(next, now)
        pace.started(at)
        turns.push(at)
      }
    })
    return { turns, next }
  }

  async refused({ provider, model, startedAt, retryAfterMs }: RefusedCall): Promise<void> {
    await this.#change(keyOf(provider, model), (pace, now) => pace.refused(startedAt, now, retryAfterMs))
  }

  async limitsTold({ provider, model, ...limits }: ToldLimits): Promise<void> {
    if (limits.remainingRequests > 0) return
    await this.#change(keyOf(provider, model), (pace, now) => pace.ranOut(now, limits))
  }

  /** Resolves when the change is stored, or was given up because Redis is away. */
  async #change(key: string, apply: Change['apply']): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiting = this.#waiting.get(key)
    if (waiting) {
      waiting.push({ apply, resolve })
    } else {
      this.#waiting.set(key, [{ apply, resolve }])
      void this.#storeAll(key)
    }
    await promise
  }

  async #storeAll(key: string): Promise<void> {
    for (let changes = this.#waiting.get(key); changes && changes.length > 0; changes = this.#waiting.get(key)) {
      this.#waiting.set(key, [])
      await this.#store(key, changes)
      for (const { resolve } of changes) resolve()
    }
    this.#waiting.delete(key)
  }

  async #store(key: string, changes: readonly Change[]): Promise<void> {
    const name = `${this.#prefix}pace:${key}`
    try {
      for (let isStored = false; !isStored; ) {
        const stored = (await this.#redis.get(name)) ?? ''
        const pace = new Pace(stateOf(stored))
        const now = Date.now()
        for (const { apply } of changes) apply(pace, now)
        isStored = (await REPLACE.run(this.#redis, [name], [stored, JSON.stringify(pace.state), KEPT_MS])) === 1
      }
    } catch {
      // The connection logs that Redis is away.
      const free = new Pace()
      for (const { apply } of changes) apply(free, Date.now())
    }
  }
}

/** A state that a later version stored counts as none. */
function stateOf(stored: string): PaceState | undefined {
  if (stored === '') return undefined
  return PaceState.safeParse(JSON.parse(stored)).data
}
