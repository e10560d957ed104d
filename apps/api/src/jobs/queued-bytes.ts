import { QueueFullError } from './ports/job-queue.ts'
import type { JobRepository } from './ports/job-repository.ts'

export interface QueuedBytesLimits {
  /** The most bytes of input that waiting jobs may hold, in all processes together. */
  readonly total: number
  /** The most bytes of input that the waiting jobs of one caller may hold. */
  readonly perOwner: number
}

/** Room for the input of one job, held while the job is being stored. Use it once, by either method. */
interface BytesSlot {
  queued(): void
  release(): void
}

/** A count that is older than this is taken again, in milliseconds. */
const FRESH_MS = 250

/**
 * Bounds the input of waiting jobs, in bytes: jobs may be few and yet long. The bytes are those of the last count, plus those
 * that this process has added since. They are always counted again before a job is refused. Several processes that add at once
 * may together exceed the bound by what they add between two counts.
 */
export class QueuedBytes {
  readonly #jobs: Pick<JobRepository, 'countPendingBytes'>
  readonly #limits: QueuedBytesLimits
  #counted = new Bytes()
  #countedAt = Number.NEGATIVE_INFINITY
  #counting: Promise<void> | undefined
  /** Stored since the last count. */
  #added = new Bytes()
  readonly #reserved = new Bytes()

  constructor(jobs: Pick<JobRepository, 'countPendingBytes'>, limits: QueuedBytesLimits) {
    this.#jobs = jobs
    this.#limits = limits
  }

  /**
   * @param bytes of the job's input
   * @throws QueueFullError
   * @throws StorageUnavailableError
   */
  async reserve(owner: string | undefined, bytes: number): Promise<BytesSlot> {
    const isStale = performance.now() - this.#countedAt > FRESH_MS
    if (isStale || this.#excess(owner, bytes) !== undefined) await this.#recount()
    const excess = this.#excess(owner, bytes)
    if (excess !== undefined) throw new QueueFullError(excess)
    this.#reserved.add(owner, bytes)
    return {
      queued: () => {
        this.#reserved.add(owner, -bytes)
        this.#added.add(owner, bytes)
      },
      release: () => this.#reserved.add(owner, -bytes),
    }
  }

  /** What is too much if so many bytes are added, in words; undefined if there is room. */
  #excess(owner: string | undefined, bytes: number): string | undefined {
    const { total, perOwner } = this.#limits
    const parts = [this.#counted, this.#added, this.#reserved]
    const ofOwner = parts.reduce((sum, part) => sum + part.of(owner), bytes)
    if (owner !== undefined && ofOwner > perOwner) return `Your waiting jobs may hold ${perOwner} bytes of input`
    const ofAll = parts.reduce((sum, part) => sum + part.total, bytes)
    return ofAll > total ? `Waiting jobs may hold ${total} bytes of input` : undefined
  }

  /** Calls during a count share its answer. */
  #recount(): Promise<void> {
    this.#counting ??= this.#count().finally(() => {
      this.#counting = undefined
    })
    return this.#counting
  }

  async #count(): Promise<void> {
    const counted = new Bytes()
    for (const [owner, bytes] of await this.#jobs.countPendingBytes()) counted.add(owner, bytes)
    this.#counted = counted
    this.#added = new Bytes()
    this.#countedAt = performance.now()
  }
}

/** Bytes by owner, and in all. */
class Bytes {
  readonly #byOwner = new Map<string | undefined, number>()
  total = 0

  of(owner: string | undefined): number {
    return this.#byOwner.get(owner) ?? 0
  }

  add(owner: string | undefined, bytes: number): void {
    this.total += bytes
    this.#byOwner.set(owner, this.of(owner) + bytes)
  }
}
