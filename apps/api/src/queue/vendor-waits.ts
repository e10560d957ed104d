import type { Redis } from 'ioredis'

/** The jobs of all processes that wait because their vendors told them to, by the time until which they wait. */
export class VendorWaits {
  readonly #redis: Redis
  readonly #key: string

  /** @param prefix of all keys */
  constructor(redis: Redis, prefix: string) {
    this.#redis = redis
    this.#key = `${prefix}vendor-waits`
  }

  /** It does not fail: while Redis is away, the job counts as any other. */
  async add(jobId: string, until: number): Promise<void> {
    await this.#redis.zadd(this.#key, until, jobId).catch(() => {})
  }

  async remove(jobId: string): Promise<void> {
    await this.#redis.zrem(this.#key, jobId).catch(() => {})
  }

  /** Counts the jobs whose time has not come, and forgets the others. */
  async count(): Promise<number> {
    await this.#redis.zremrangebyscore(this.#key, '-inf', Date.now())
    return await this.#redis.zcard(this.#key)
  }
}
