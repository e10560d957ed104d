import type { Logger } from '../../base/logger.ts'

interface Sweep {
  readonly logger: Logger
  /** The time between two sweeps, in milliseconds. */
  readonly intervalMs: number
  /** What is removed, for the log. */
  readonly what: string
  /** The level at which it is logged that something was removed. */
  readonly level: 'debug' | 'info'
}

/** Small enough that other changes of the store are not delayed. */
const PER_STEP = 500

/** Removes from the store, in the background, what is kept no longer. */
export abstract class Sweeper {
  readonly #sweep: Sweep
  #timer: NodeJS.Timeout | undefined

  constructor(sweep: Sweep) {
    this.#sweep = sweep
  }

  /** Sweeps now, and then at the interval. */
  start(): void {
    this.#timer = setInterval(() => this.sweep(), this.#sweep.intervalMs).unref()
    void this.sweep()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Never rejects: a sweep that fails is repeated by the next. */
  async sweep(): Promise<void> {
    const { logger, what, level } = this.#sweep
    let removed = 0
    try {
      const removeSome = this.removing()
      for (let step = PER_STEP; step === PER_STEP; removed += step) step = await removeSome(PER_STEP)
    } catch (error) {
      logger.warn({ err: error }, `could not remove ${what}`)
    }
    if (removed > 0) logger[level]({ removed }, `removed ${what}`)
  }

  /**
   * Begins a sweep.
   * @returns removes so many at most, and returns how many were removed
   */
  protected abstract removing(): (limit: number) => Promise<number>
}
