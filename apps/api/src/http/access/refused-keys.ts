import type { Clock } from '../../base/clock.ts'

interface RefusedKeysOptions {
  /** How many wrong keys an address may send in a minute; undefined when there is no limit. */
  readonly perMinute: number | undefined
  readonly clock: Pick<Clock, 'elapsed'>
}

interface Count {
  refused: number
  /** When the count begins anew, on the monotonic clock, in milliseconds. */
  readonly endsAt: number
}

const MINUTE_MS = 60_000
/** How many addresses are remembered; the oldest is forgotten first. */
const MAX_ADDRESSES = 10_000

/** Counts wrong keys by address, so that an address that sends many is refused before its key is compared with any. */
export class RefusedKeys {
  readonly #perMinute: number
  readonly #clock: Pick<Clock, 'elapsed'>
  /** In the order of their beginning. */
  readonly #counts = new Map<string, Count>()

  constructor({ perMinute = Number.POSITIVE_INFINITY, clock }: RefusedKeysOptions) {
    this.#perMinute = perMinute
    this.#clock = clock
  }

  /** @returns in how many milliseconds the address may send a key again; 0 for now */
  waitMs(address: string): number {
    const count = this.#current(address)
    return count && count.refused >= this.#perMinute ? Math.max(1, count.endsAt - this.#clock.elapsed()) : 0
  }

  /** Notes that an address has sent a wrong key, or none. */
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
