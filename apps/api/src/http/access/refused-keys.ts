import type { Clock } from '../../base/clock.ts'

interface RefusedKeysOptions {
  /** How many wrong keys an address may send in a minute; undefined when there is no limit. */
  readonly perMinute: number | undefined
  readonly clock: Pick<Clock, 'elapsed'>
}

interface Count {
  refused: number
  /** The time at which the count starts again, on the monotonic clock, in milliseconds. */
  readonly endsAt: number
}

const MINUTE_MS = 60_000
/** The most addresses that are remembered. The oldest is forgotten first. */
const MAX_ADDRESSES = 10_000

/** Counts wrong keys by address, so that an address that sends many is refused before its key is compared with any. */
export class RefusedKeys {
  readonly #perMinute: number
  readonly #clock: Pick<Clock, 'elapsed'>
  /** By address, the oldest count first. */
  readonly #counts = new Map<string, Count>()

  constructor({ perMinute = Number.POSITIVE_INFINITY, clock }: RefusedKeysOptions) {
    this.#perMinute = perMinute
    this.#clock = clock
  }

  /** @returns the milliseconds until the address may send a key again; 0 if it may now */
  waitMs(address: string): number {
    const count = this.#current(address)
    return count && count.refused >= this.#perMinute ? Math.max(1, count.endsAt - this.#clock.elapsed()) : 0
  }

  /** Counts a request of the address with a wrong key or without one. */
  add(address: string): void {
    if (this.#perMinute === Number.POSITIVE_INFINITY) return
    const count = this.#current(address)
    if (count) {
      count.refused++
      return
    }
    this.#counts.set(address, { refused: 1, endsAt: this.#clock.elapsed() + MINUTE_MS })
    const [oldest] = this.#counts.keys()
    if (this.#counts.size > MAX_ADDRESSES && oldest !== undefined) this.#counts.delete(oldest)
  }

  #current(address: string): Count | undefined {
    const count = this.#counts.get(address)
    if (!count || count.endsAt > this.#clock.elapsed()) return count
    this.#counts.delete(address)
    return undefined
  }
}
