import { setTimeout as sleep } from 'node:timers/promises'
import type { Job, Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { keyOf } from './local-paces.ts'
import type { RedisPaces } from './redis-paces.ts'

interface ParkedJobsOptions {
  readonly redis: Redis
  /** The prefix of all keys. */
  readonly prefix: string
  readonly paces: RedisPaces
  readonly queueOf: (provider: string) => Queue
  /** How many more jobs this process can run now. */
  readonly freeSlots: () => number
}

/** The jobs of one provider and model that wait for their turn. */
interface Lane {
  readonly provider: string
  readonly model: string | undefined
}

/** How often turns are given to parked jobs, in milliseconds. */
const TICK_MS = 50
/** A parked job comes back by itself after this time, and later the more jobs are parked before it, in milliseconds. */
const SHORTEST_PARKING_MS = 30_000
const PARKING_MS_PER_JOB = 60
/** A turn is lost after this time, in milliseconds. */
const TURN_KEPT_MS = 60_000

/**
 * Jobs that were handed out before their turn at the pace of their provider and model. They are delayed in BullMQ, so that the
 * jobs of other models pass them, and stand in a sorted set of ours, oldest first. Each worker process takes turns for them as
 * long as it has free slots. A job comes back by itself if all that know of it die.
 */
export class ParkedJobs {
  readonly #options: ParkedJobsOptions
  readonly #lanes = new Map<string, Lane>()
  #timer: NodeJS.Timeout | undefined
  #isTicking = false

  constructor(options: ParkedJobsOptions) {
    this.#options = options
  }

  /** Whether a job comes back because it has a turn. Each turn counts once. */
  async hasTurn(jobId: string, { provider, model }: Lane): Promise<boolean> {
    const { redis } = this.#options
    try {
      if ((await redis.del(this.#turnKey(jobId))) === 1) return true
      // It came back by itself, and must not be given a turn while it runs.
      await redis.zrem(this.#parkedKey(keyOf(provider, model)), jobId)
    } catch {
      // The connection logs that Redis is away.
    }
    return false
  }

  /** Parks a job that this process has been handed. */
  async park(job: Job, token: string | undefined, lane: Lane, next: number): Promise<void> {
    const { redis } = this.#options
    const key = keyOf(lane.provider, lane.model)
    // Only such a job is asked for its turn when it comes back.
    await job.updateData({ ...job.data, wasParked: true })
    const before = await redis.zcard(this.#parkedKey(key)).catch(() => 0)
    const parkingMs = SHORTEST_PARKING_MS + before * PARKING_MS_PER_JOB
    await job.moveToDelayed(Math.round(Math.max(next, Date.now()) + parkingMs), token)
    // Behind it: a turn could not be given to a job that is not delayed yet.
    await redis.zadd(this.#parkedKey(key), 'NX', job.timestamp, job.id ?? '').catch(() => {})
    this.#lanes.set(key, lane)
    this.#timer ??= setInterval(() => void this.#tick(), TICK_MS)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #tick(): Promise<void> {
    if (this.#isTicking) return
    this.#isTicking = true
    try {
      for (const [key, lane] of this.#lanes) await this.#giveTurns(key, lane)
    } catch {
      // The connection logs that Redis is away. The next tick tries again.
    } finally {
      this.#isTicking = false
    }
  }

  async #giveTurns(key: string, lane: Lane): Promise<void> {
    const { redis, paces, freeSlots } = this.#options
    const parked = await redis.zcard(this.#parkedKey(key))
    if (parked === 0) {
      this.#lanes.delete(key)
      return
    }
    const wanted = Math.min(parked, freeSlots())
    if (wanted <= 0) return
    const { turns } = await paces.take(lane.provider, lane.model, wanted)
    if (turns.length === 0) return
    const popped = await redis.zpopmin(this.#parkedKey(key), turns.length)
    const ids = popped.filter((_, index) => index % 2 === 0)
    await Promise.all(ids.map((id, index) => this.#giveTurn(id, lane, turns[index])))
  }

  /** @param at when the job may start, in milliseconds since the epoch: now or very soon */
  async #giveTurn(id: string, { provider }: Lane, at = 0): Promise<void> {
    const { redis, queueOf } = this.#options
    // The vendor may refuse calls before.
    if (at > Date.now()) await sleep(at - Date.now())
    await redis.set(this.#turnKey(id), '', 'PX', TURN_KEPT_MS)
    const job = await queueOf(provider).getJob(id)
    // It may have been removed, or have come back by itself.
    await job?.promote().catch(() => {})
  }

  #parkedKey(key: string): string {
    return `${this.#options.prefix}parked:${key}`
  }

  #turnKey(jobId: string): string {
    return `${this.#options.prefix}turn:${jobId}`
  }
}
