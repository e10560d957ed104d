import type { Fallback } from '@promptlab/contract'

/** Callers may choose names of models. */
const MAX_REMEMBERED = 1_000
/** A smaller limit may be refused because it is too small: no model takes less than this as its most. */
const SMALLEST_MAXIMUM = 2_048

/** The limits of output tokens that models refused because they are above their own, so that no call is made twice for that. */
export class RefusedLimits {
  readonly #smallest = new Map<string, number>()

  /** A model took a call without a limit that it had refused with one. */
  add(choice: Fallback, limit: number): void {
    if (limit < SMALLEST_MAXIMUM) return
    if (this.#smallest.size >= MAX_REMEMBERED) this.#smallest.clear()
    const key = keyOf(choice)
    this.#smallest.set(key, Math.min(limit, this.#smallest.get(key) ?? limit))
  }

  has(choice: Fallback, limit: number): boolean {
    return limit >= (this.#smallest.get(keyOf(choice)) ?? Number.POSITIVE_INFINITY)
  }
}

/** No provider has a slash in its name. */
function keyOf({ provider, model }: Fallback): string {
  return `${provider}/${model}`
}
