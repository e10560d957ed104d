/** How many attempts may be under way. */
export interface ReceiverLimits {
  readonly inAll: number
  readonly perHost: number
  /** For the receivers that one caller named. */
  readonly perCaller: number
}

/** Whose slot an attempt takes. */
export interface SlotOwner {
  readonly host: string
  /** Undefined: the receiver is the operator's, or there are no callers. */
  readonly caller?: string | undefined
}

interface Host {
  /** Attempts under way. */
  busy: number
  /** How long attempts took lately, in milliseconds. */
  durationMs: number
  /** When the latest job that found no slot gets its turn, in milliseconds since the epoch. */
  lastTurn: number
}

/** A host that was not called lately is taken for this fast, in milliseconds. */
const FIRST_GUESS_MS = 100
/** The weight of the latest attempt: a single slow one must not put thousands of jobs off. */
const LATEST_WEIGHT = 0.2
/** The longest time until a turn. A host that was slow may be fast again. */
const LONGEST_TURN_MS = 10 * 60_000

/**
 * Bounds the attempts under way: in all, for each host and for each caller, so that a slow receiver delays no other. A job that
 * finds no slot is told when its turn is: one after the other, as fast as the host was lately, so that thousands of jobs of a slow
 * host are not looked at again and again.
 */
export class ReceiverSlots {
  readonly #limits: ReceiverLimits
  readonly #hosts = new Map<string, Host>()
  readonly #callers = new Map<string, number>()
  #busy = 0

  constructor(limits: ReceiverLimits) {
    this.#limits = limits
  }

  get isFull(): boolean {
    return this.#busy >= this.#limits.inAll
  }

  /**
   * Takes a slot for an attempt.
   * @returns whether there was one
   */
  take({ host: name, caller }: SlotOwner): boolean {
    const host = this.#hosts.get(name)
    const ofCaller = caller === undefined ? 0 : (this.#callers.get(caller) ?? 0)
    const { perHost, perCaller } = this.#limits
    if (this.isFull || (host?.busy ?? 0) >= perHost || ofCaller >= perCaller) return false
    this.#busy++
    if (host) host.busy++
    else this.#hosts.set(name, { busy: 1, durationMs: FIRST_GUESS_MS, lastTurn: 0 })
    if (caller !== undefined) this.#callers.set(caller, ofCaller + 1)
    return true
  }

  /** @param durationMs how long the attempt took; undefined if none was made */
  release({ host: name, caller }: SlotOwner, durationMs?: number): void {
    this.#busy--
    const host = this.#hosts.get(name)
    if (host) {
      host.busy--
      if (durationMs !== undefined) host.durationMs += LATEST_WEIGHT * (durationMs - host.durationMs)
      if (host.busy === 0) this.#hosts.delete(name)
    }
    if (caller === undefined) return
    const ofCaller = (this.#callers.get(caller) ?? 0) - 1
    if (ofCaller > 0) this.#callers.set(caller, ofCaller)
    else this.#callers.delete(caller)
  }

  /**
   * When a job that found no slot has its turn, in milliseconds since the epoch.
   * @param now milliseconds since the epoch
   */
  nextTurn({ host: name }: SlotOwner, now: number): number {
    const host = this.#hosts.get(name)
    // Other hosts have all slots, of the process or of the caller.
    if (!host) return now + FIRST_GUESS_MS
    const turn = Math.max(now, host.lastTurn) + Math.ceil(host.durationMs / this.#limits.perHost) + 1
    host.lastTurn = Math.min(turn, now + LONGEST_TURN_MS)
    return host.lastTurn
  }
}
