import { setTimeout as sleep } from 'node:timers/promises'
import type { FinalEvent } from '@promptlab/contract'
import type { Redis } from 'ioredis'
import type { Logger } from '../base/logger.ts'
import type { LogLength } from '../jobs/answer/log-length.ts'
import type { Piece } from '../jobs/answer/piece.ts'
import type { TokenListener, TokenLog, TokenReader } from '../jobs/ports/token-log.ts'
import type { View } from '../jobs/views/view.ts'
import { connectRedis, FAIL_FAST } from '../redis/connect-redis.ts'
import { RedisScript } from '../redis/redis-script.ts'
import { RedisSubscriptions } from '../redis/redis-subscriptions.ts'
import { CopiedLog, type StreamEntry } from './copied-log.ts'
import { END_MARK } from './log-message.ts'
import { TokenWriter, type WrittenMessage } from './token-writer.ts'

interface RedisTokenLogOptions {
  readonly url: string
  /** All keys and channels begin with this. */
  readonly prefix: string
  readonly logger: Pick<Logger, 'info' | 'warn'>
  /**
   * How long Redis keeps a job's stream after the last token (`open`) and after the end (`ended`), in milliseconds. The
   * defaults are an hour and a minute.
   */
  readonly keepMs?: { readonly open: number; readonly ended: number }
  /** After this time without a new token, readers look the record up, in milliseconds. The default is 3 s. */
  readonly idleMs?: number
  /** How long a text is kept without readers, because clients reconnect, in milliseconds. The default is 1 s. */
  readonly graceMs?: number
}

/**
 * A Lua script that stores and publishes the messages of all jobs in one call. A message is in the stream before it is published.
 * So a reader that subscribes first and then reads the stream misses none.
 */
const WRITE_MESSAGES = new RedisScript(`
for i, key in ipairs(KEYS) do
  local part, run = ARGV[2 * i + 1], ARGV[2 * i + 2]
  local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  if not last or tonumber(last[2][4] or 0) <= tonumber(run) then
    redis.call('XADD', key, '*', 'part', part, 'run', run)
    redis.call('PUBLISH', key, part)
    local hasEnded = string.sub(part, 1, ${END_MARK.length}) == '${END_MARK}'
    redis.call('PEXPIRE', key, hasEnded and ARGV[2] or ARGV[1])
  end
end`)

const ENTRIES_PER_READ = 1_000
/** How long the last write may take when the process stops, in milliseconds. */
const LAST_WRITE_MS = 2_000

/**
 * The token log of several processes, on Redis. Each job has a Redis stream and a channel of the same name. A process has two
 * connections, one for commands and one for messages, however many jobs it reads. All its readers of a job share one copy of
 * the text (docs/decisions/2026-11-24-many-processes.md).
 */
export class RedisTokenLog implements TokenLog {
  readonly #redis: Redis
  readonly #subscriptions: RedisSubscriptions
  readonly #writer: TokenWriter
  readonly #prefix: string
  readonly #keepMs: { readonly open: number; readonly ended: number }
  readonly #idleMs: number
  readonly #graceMs: number
  readonly #copies = new Map<string, CopiedLog>()
  /** The timers that drop texts without readers. */
  readonly #unread = new Map<string, NodeJS.Timeout>()
  #idleCheck: NodeJS.Timeout | undefined
  #isFailing = false

  private constructor(redis: Redis, subscriptions: RedisSubscriptions, options: RedisTokenLogOptions) {
    const { logger } = options
    this.#redis = redis
    this.#subscriptions = subscriptions
    this.#prefix = `${options.prefix}tokens:`
    this.#keepMs = options.keepMs ?? { open: 3_600_000, ended: 60_000 }
    this.#idleMs = options.idleMs ?? 3_000
    this.#graceMs = options.graceMs ?? 1_000
    this.#writer = new TokenWriter({
      send: (messages) => this.#write(messages),
      onFailure: (error) => {
        if (!this.#isFailing) logger.warn({ err: error }, 'could not send pieces of answers to Redis; they wait')
        this.#isFailing = true
      },
      onOverflow: () =>
        logger.warn({}, 'dropped pieces that waited for Redis; their readers get the answer from the record'),
    })
  }

  /** @throws UnreachableError Redis does not answer */
  static async open(options: RedisTokenLogOptions): Promise<RedisTokenLog> {
    const redis = await connectRedis({ ...options, name: 'tokens' }, FAIL_FAST)
    try {
      const subscriber = await connectRedis(
        { ...options, name: 'subscriber' },
        { ...FAIL_FAST, autoResubscribe: false },
      )
      return new RedisTokenLog(redis, new RedisSubscriptions(subscriber), options)
    } catch (error) {
      redis.disconnect()
      throw error
    }
  }

  /** The number of jobs that have a copy of their text here. */
  get size(): number {
    return this.#copies.size
  }

  append(jobId: string, piece: Piece, place: number, part: number, run: number): void {
    this.#writer.append(jobId, piece, place, part, run)
  }

  takeOver(jobId: string, stored: LogLength, run: number): void {
    this.#writer.takeOver(jobId, stored, run)
  }

  async close(jobId: string, run: number, final?: FinalEvent): Promise<void> {
    this.#writer.end(jobId, run, final)
  }

  attach<Event>(jobId: string, view: View<Event>, after: number, listener: TokenListener): TokenReader<Event> {
    const { log } = this.#copyOf(jobId)
    clearTimeout(this.#unread.get(jobId))
    this.#unread.delete(jobId)
    return log.attach(view, after, listener, () => {
      if (log.readerCount > 0) return
      this.#unread.set(jobId, setTimeout(() => this.#forget(jobId), this.#graceMs).unref())
    })
  }

  async stop(): Promise<void> {
    await Promise.race([this.#writer.stop(), sleep(LAST_WRITE_MS, undefined, { ref: false })])
    for (const jobId of this.#copies.keys()) this.#forget(jobId)
    this.#subscriptions.close()
    this.#redis.disconnect()
  }

  #copyOf(jobId: string): CopiedLog {
    let copy = this.#copies.get(jobId)
    if (!copy) {
      copy = new CopiedLog((afterId) => this.#read(jobId, afterId), this.#idleMs)
      this.#copies.set(jobId, copy)
      this.#subscriptions.add(this.#key(jobId), copy)
      this.#idleCheck ??= setInterval(() => this.#checkIdle(), this.#idleMs / 3).unref()
    }
    return copy
  }

  #forget(jobId: string): void {
    clearTimeout(this.#unread.get(jobId))
    this.#unread.delete(jobId)
    this.#copies.delete(jobId)
    this.#subscriptions.delete(this.#key(jobId))
    if (this.#copies.size > 0) return
    clearInterval(this.#idleCheck)
    this.#idleCheck = undefined
  }

  #checkIdle(): void {
    for (const [jobId, copy] of this.#copies) if (!this.#unread.has(jobId)) copy.checkIdle()
  }

  #key(jobId: string): string {
    return this.#prefix + jobId
  }

  async #read(jobId: string, afterId: string | undefined): Promise<readonly StreamEntry[]> {
    const from = afterId === undefined ? '-' : `(${afterId}`
    const entries = await this.#redis.xrange(this.#key(jobId), from, '+', 'COUNT', ENTRIES_PER_READ)
    return entries.map(([id, [, message = '']]) => ({ id, message }))
  }

  async #write(messages: readonly WrittenMessage[]): Promise<void> {
    const { open, ended } = this.#keepMs
    const keys = messages.map(({ jobId }) => this.#key(jobId))
    const input = [open, ended, ...messages.flatMap(({ message, run }) => [message, run])]
    await WRITE_MESSAGES.run(this.#redis, keys, input)
    this.#isFailing = false
  }
}
