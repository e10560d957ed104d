import type { RefusedCall, ToldLimits } from '../jobs/ports/job-queue.ts'
import { Pace } from './pace.ts'

/** When more providers and models than this are known, those that are not held back are forgotten. */
const MAX_PACES = 1_000

/** The pace of each provider and model in one process. */
export class LocalPaces {
  readonly #onDue: () => void
  readonly #paces = new Map<string, Pace>()
  #wake: NodeJS.Timeout | undefined
  #wakesAt = Number.POSITIVE_INFINITY

  /** @param onDue called when a call may start that had to wait */
  constructor(onDue: () => void) {
    this.#onDue = onDue
  }

  /** Whether a call may start now. If not, `onDue` will be called. */
  mayStart(provider: string, model: string | undefined): boolean {
    const now = Date.now()
    const at = this.#paces.get(keyOf(provider, model))?.startsAt(now) ?? now
    if (at <= now) return true
    this.#wakeAt(at, now)
    return false
  }

  /** Whether calls are held back at the moment, so that they may have to wait for each other. */
  isPaced(provider: string, model: string | undefined): boolean {
    return this.#paces.get(keyOf(provider, model))?.isPaced(Date.now()) ?? false
  }

  started(provider: string, model: string | undefined): void {
    this.#pace(provider, model).started(Date.now())
  }

  refused({ provider, model, startedAt, retryAfterMs }: RefusedCall): void {
    this.#pace(provider, model).refused(startedAt, Date.now(), retryAfterMs)
  }

  limitsTold({ provider, model, ...limits }: ToldLimits): void {
    if (limits.remainingRequests === 0) this.#pace(provider, model).ranOut(Date.now(), limits)
  }

  close(): void {
    clearTimeout(this.#wake)
  }

  #wakeAt(at: number, now: number): void {
    if (at >= this.#wakesAt) return
    clearTimeout(this.#wake)
    this.#wakesAt = at
    this.#wake = setTimeout(
      () => {
        this.#wakesAt = Number.POSITIVE_INFINITY
        this.#onDue()
      },
      Math.ceil(at - now),
    )
  }

  #pace(provider: string, model: string | undefined): Pace {
    const key = keyOf(provider, model)
    let pace = this.#paces.get(key)
    if (!pace) {
      if (this.#paces.size >= MAX_PACES) this.#forget()
      pace = new Pace()
      this.#paces.set(key, pace)
    }
    return pace
  }

  #forget(): void {
    const now = Date.now()
    for (const [key, pace] of this.#paces) if (!pace.isPaced(now)) this.#paces.delete(key)
  }
}

/** The names cannot run into each other: no provider's name has a space. */
export function keyOf(provider: string, model = ''): string {
  return `${provider} ${model}`
}
