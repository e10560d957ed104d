import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FinalEvent } from '@promptlab/contract'
import type { Redis } from 'ioredis'
import type { Logger } from '../base/logger.ts'
import type { TokenListener, TokenLog, TokenReader } from '../jobs/ports/token-log.ts'
import { connectRedis, FAIL_FAST } from '../redis/connect-redis.ts'
import { RedisSubscriptions } from '../redis/redis-subscriptions.ts'
import { FollowedText, type StreamEntry } from './followed-text.ts'
import { END_MARK } from './token-part.ts'
import { TokenWriter, type WrittenPart } from './token-writer.ts'

interface RedisTokenLogOptions {
  readonly url: string
  /** What all keys and channels begin with. */
  readonly prefix: string
  readonly logger: Pick<Logger, 'info' | 'warn'>
  /** How long a stream is kept after its last token, and after its end, in milliseconds. */
  readonly keepMs?: { readonly open: number; readonly ended: number }
  /** After how much silence readers look at the record, in milliseconds. */
  readonly doubtMs?: number
  /** How long a text is kept when its last reader has left, in milliseconds: clients come again. */
  readonly graceMs?: number
}

/**
 * One call for the parts of all jobs. A part is in the stream before it is published: who hears of it, or has subscribed and
 * then reads, misses none.
 */
const WRITE_PARTS = `
for i, key in ipairs(KEYS) do
  local part, run = ARGV[2 * i + 1], ARGV[2 * i + 2]
  local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  if not last or tonumber(last[2][4] or 0) <= tonumber(run) then
    redis.call('XADD', key, '*', 'part', part, 'run', run)
    redis.call('PUBLISH', key, part)
    local hasEnded = string.sub(part, 1, ${END_MARK.length}) == '${END_MARK}'
    redis.call('PEXPIRE', key, hasEnded and ARGV[2] or ARGV[1])
  end
end`
const WRITE_PARTS_SHA = createHash('sha1').update(WRITE_PARTS).digest('hex')

const ENTRIES_PER_READ = 1_000
/** What is left may take this long to be sent when the process stops, in milliseconds. */
const LAST_WRITE_MS = 2_000

/**
 * Token log of several processes. Each job has a stream, and a channel of the same name. A process has one connection for
 * commands and one that listens, whatever it reads, and its readers of a job share one copy of the text.
 */
export class RedisTokenLog implements TokenLog {
  readonly #redis: Redis
  readonly #subscriptions: RedisSubscriptions
  readonly #writer: TokenWriter
  readonly #prefix: string
  readonly #keepMs: { readonly open: number; readonly ended: number }
  readonly #doubtMs: number
  readonly #graceMs: number
  readonly #texts = new Map<string, FollowedText>()
  /** Texts that nobody reads, and when each is to go. */
  readonly #unread = new Map<string, NodeJS.Timeout>()
  #silenceCheck: NodeJS.Timeout | undefined
  #isFailing = false

  private constructor(redis: Redis, subscriptions: RedisSubscriptions, options: RedisTokenLogOptions) {
    const { logger } = options
    this.#redis = redis
    this.#subscriptions = subscriptions
    this.#prefix = `${options.prefix}tokens:`
    this.#keepMs = options.keepMs ?? { open: 3_600_000, ended: 60_000 }
    this.#doubtMs = options.doubtMs ?? 3_000
    this.#graceMs = options.graceMs ?? 1_000
    this.#writer = new TokenWriter({
      send: (parts) => this.#write(parts),
      onFailure: (error) => {
        if (!this.#isFailing) logger.warn({ err: error }, 'tokens cannot be passed on; they wait')
        this.#isFailing = true
      },
      onOverflow: () => logger.warn({}, 'tokens that waited too long are not passed on; their readers get the record'),
    })
  }

  /** @throws UnreachableError */
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

  /** How many jobs have text or readers here. */
  get size(): number {
    return this.#texts.size
  }

  append(jobId: string, token: string, place: number, run: number): void {
    this.#writer.append(jobId, token, place, run)
  }

  takeOver(jobId: string, place: number, run: number): void {
    this.#writer.takeOver(jobId, place, run)
  }

  async close(jobId: string, run: number, final?: FinalEvent): Promise<void> {
    this.#writer.end(jobId, run, final)
  }

  attach(jobId: string, after: number, listener: TokenListener): TokenReader {
    const { text } = this.#follow(jobId)
    clearTimeout(this.#unread.get(jobId))
    this.#unread.delete(jobId)
    return text.attach(after, listener, () => {
      if (text.readerCount > 0) return
      this.#unread.set(jobId, setTimeout(() => this.#forget(jobId), this.#graceMs).unref())
    })
  }

  async stop(): Promise<void> {
    await Promise.race([this.#writer.stop(), sleep(LAST_WRITE_MS, undefined, { ref: false })])
    for (const jobId of this.#texts.keys()) this.#forget(jobId)
    this.#subscriptions.close()
    this.#redis.disconnect()
  }

  #follow(jobId: string): FollowedText {
    let followed = this.#texts.get(jobId)
    if (!followed) {
      followed = new FollowedText((afterId) => this.#read(jobId, afterId), this.#doubtMs)
      this.#texts.set(jobId, followed)
      this.#subscriptions.add(this.#key(jobId), followed)
      this.#silenceCheck ??= setInterval(() => this.#checkSilence(), this.#doubtMs / 3).unref()
    }
    return followed
  }

  #forget(jobId: string): void {
    clearTimeout(this.#unread.get(jobId))
    this.#unread.delete(jobId)
    this.#texts.delete(jobId)
    this.#subscriptions.delete(this.#key(jobId))
    if (this.#texts.size > 0) return
    clearInterval(this.#silenceCheck)
    this.#silenceCheck = undefined
  }

  #checkSilence(): void {
    for (const [jobId, followed] of this.#texts) if (!this.#unread.has(jobId)) followed.checkSilence()
  }

  #key(jobId: string): string {
    return this.#prefix + jobId
  }

  async #read(jobId: string, afterId: string | undefined): Promise<readonly StreamEntry[]> {
    const from = afterId === undefined ? '-' : `(${afterId}`
    const entries = await this.#redis.xrange(this.#key(jobId), from, '+', 'COUNT', ENTRIES_PER_READ)
    return entries.map(([id, [, part = '']]) => ({ id, part }))
  }

  async #write(parts: readonly WrittenPart[]): Promise<void> {
    const { open, ended } = this.#keepMs
    const keys = parts.map(({ jobId }) => this.#key(jobId))
    const input = [...keys, open, ended, ...parts.flatMap(({ part, run }) => [part, run])]
    try {
      await this.#redis.evalsha(WRITE_PARTS_SHA, parts.length, ...input)
    } catch (error) {
      // A Redis that has just been started does not know it yet.
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      await this.#redis.eval(WRITE_PARTS, parts.length, ...input)
    }
    this.#isFailing = false
  }
}
