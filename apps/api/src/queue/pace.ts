import type { RequestLimits } from '@promptlab/providers'
import { z } from 'zod'

/**
 * How fast calls of one provider and model are started. Times are milliseconds since the epoch. It is JSON, so that several
 * processes can share it.
 */
export const PaceState = z.object({
  /** The calls that were started lately and not refused, by the time of their start: [beginning of a quarter of a second, calls]. */
  recent: z.array(z.tuple([z.number(), z.number()])),
  /** When the pace last changed, or the first call began; it may lie ahead, and nothing starts before. */
  since: z.number(),
  /** The calls that were started since then and not refused. */
  taken: z.number(),
  /** When the next call may start, at the earliest. */
  next: z.number(),
  /** Pauses, one after the other, between which no call was taken. */
  emptyPauses: z.number(),
  /** Undefined: as fast as there are slots. */
  rate: z
    .object({
      /** Calls a second that the vendor took when it last refused some; 0 if it took none. */
      limit: z.number(),
      /** Calls a second at `since`. */
      from: z.number(),
      /** The time in which `limit` was measured, in milliseconds. */
      measuredMs: z.number(),
    })
    .optional(),
  /** The vendor told that it takes no more requests for a while. Absent: it did not. */
  told: z
    .object({
      /** When it takes as many as it ever does at once. From then on, this does not count any more. */
      until: z.number(),
      /** When it takes the next one. It may lie behind: then it takes one for each step since. */
      next: z.number(),
      /** It takes one more each time that so many milliseconds have passed. */
      stepMs: z.number(),
    })
    .optional(),
})
export type PaceState = z.infer<typeof PaceState>

const BUCKET_MS = 250
/** The rate is measured over no less and no more than this, as most limits are told by the second or the minute. */
const SHORTEST_MEASURE_MS = 1_000
const USUAL_MEASURE_MS = 3_000
const LONGEST_MEASURE_MS = 60_000
/** The share of the measured rate with which a lane goes on. */
const CAUTION = 0.95
/** The share of the limit with which a lane goes on that became slower and was refused again at once. */
const TOO_FAST = 0.9
/** By how much a lane becomes faster in a second that knows no limit. */
const BURST_GROWTH = 1.5
/** Less than a call an hour is no rate. */
const SLOWEST_RATE = 1 / 3_600
/** Calls a second where the vendor took none. */
const FIRST_RATE = 1
/** Without a refusal for so long, a lane is as fast as there are slots. */
const FORGOTTEN_AFTER_MS = 60_000
/** Calls that are late, as timers are, may catch up for so long. */
const CATCH_UP_MS = 500
/** The first pause after a refusal that does not tell one. */
const OWN_PAUSE_MS = 1_000
const LONGEST_OWN_PAUSE_MS = 30_000
/** A lane asks again after a minute, whatever the vendor told: that may have been about one request. */
const LONGEST_PAUSE_MS = 60_000
/** The clocks of the processes that share a pace differ by less. */
const CLOCKS_DIFFER_MS = 10_000
/** A lane that is refused again so soon after it became slower has to pause. */
const TOO_SOON_MS = 1_000

/**
 * The pace of the calls of one provider and model. It learns from refusals, and waits when the vendor tells that no request is
 * left. A lane of which nothing was refused and that has requests left has no limit. docs/decisions/2026-11-27-paced.md tells
 * why it is so.
 */
export class Pace {
  state: PaceState

  constructor(state: PaceState = { recent: [], since: 0, taken: 0, next: 0, emptyPauses: 0 }) {
    this.state = state
  }

  /** Whether calls are held back now. */
  isPaced(now: number): boolean {
    const { rate, told } = this.#stateAt(now)
    return rate !== undefined || isAhead(told, now)
  }

  /** The state without a rate that is forgotten. */
  #stateAt(now: number): PaceState {
    // No pause is so long: the clock was set back.
    if (this.state.since > now + LONGEST_PAUSE_MS + CLOCKS_DIFFER_MS) {
      this.state = { recent: [], since: now, taken: 0, next: now, emptyPauses: 0 }
    }
    const { state } = this
    if (state.rate && now - state.since > FORGOTTEN_AFTER_MS) delete state.rate
    return state
  }

  /** When the next call may start, at the earliest; not later than `now` if it may start at once. */
  startsAt(now: number): number {
    const { rate, next, since, told } = this.#stateAt(now)
    const isTold = isAhead(told, now)
    if (!rate && !isTold) return now
    const byRate = rate ? Math.min(next, since + FORGOTTEN_AFTER_MS + 1) : 0
    return Math.max(byRate, isTold ? Math.min(told.next, told.until) : 0)
  }

  /**
   * Counts a call that starts.
   * @param now when it starts, perhaps a little later
   */
  started(now: number): void {
    const state = this.#stateAt(now)
    if (state.told) state.told.next += state.told.stepMs
    if (state.rate) state.next = Math.max(state.next, now - CATCH_UP_MS) + 1_000 / this.#rate(now)
    else if (now - state.since > LONGEST_MEASURE_MS) Object.assign(state, { since: now, taken: 0 })
    state.taken++
    this.#add(now, 1)
    const first = state.recent.findIndex(([at]) => at > now - USUAL_MEASURE_MS)
    if (first > 0) state.recent.splice(0, first)
  }

  /**
   * A vendor refused a call because it takes no more now.
   * @param startedAt when the call began
   * @param toldMs the wait that the vendor asked for
   */
  refused(startedAt: number, now: number, toldMs?: number): void {
    const state = this.#stateAt(now)
    const told = toldMs === undefined ? undefined : Math.min(toldMs, LONGEST_PAUSE_MS)
    this.#add(startedAt, -1)
    const { rate, since } = state
    if (rate && startedAt < since) {
      // The call belongs to the time before the pace changed, whose calls counted as taken until now.
      const less = 1_000 / rate.measuredMs
      rate.limit = known(rate.limit - less)
      rate.from = firstRate(known(rate.from / CAUTION - less))
      if (told !== undefined && (since > now || told > USUAL_MEASURE_MS)) this.#pauseUntil(now + told)
      return
    }
    state.taken = Math.max(0, state.taken - 1)
    this.#slowDown(now, told)
  }

  /**
   * The vendor took a call and told that no request is left.
   * @param limits if they have a limit, requests come back one by one, as in a bucket; else all at the reset
   */
  ranOut(now: number, limits: Pick<RequestLimits, 'resetMs' | 'limit'>): void {
    const { resetMs, limit } = limits
    const { told } = this.state
    const waitMs = Math.min(resetMs, LONGEST_PAUSE_MS)
    const stepMs = limit ? Math.min(resetMs / limit, LONGEST_PAUSE_MS) : waitMs
    // Calls that have started since then are counted already.
    const next = Math.max(told && told.until > now ? told.next : 0, now + stepMs)
    this.state.told = { until: now + waitMs, next, stepMs }
  }

  /** Goes on with a little less than what the vendor took until now. */
  #slowDown(now: number, told: number | undefined): void {
    const { state } = this
    const { rate, since } = state
    const cycleMs = now - since
    const mustPause = !rate || cycleMs < TOO_SOON_MS || (told ?? 0) > USUAL_MEASURE_MS
    const measured = this.#measure(now, told)
    state.emptyPauses = measured.limit > 0 ? 0 : state.emptyPauses + 1
    const own = Math.min(OWN_PAUSE_MS * 2 ** Math.max(0, state.emptyPauses - 1), LONGEST_OWN_PAUSE_MS)
    // A vendor that took nothing does not tell how much it would take.
    // Nor does a first burst tell it: a vendor may take so many calls at once or one by one.
    const isKnown = measured.limit > 0 && (rate || cycleMs >= TOO_SOON_MS || (told ?? 0) > USUAL_MEASURE_MS)
    const limit = isKnown ? measured.limit : (rate?.limit ?? 0)
    const from = measured.limit > 0 ? firstRate(measured.limit) : Math.max(FIRST_RATE, (rate?.from ?? 0) / 4)
    state.rate = { limit, from, measuredMs: measured.ms }
    Object.assign(state, { since: now, taken: 0, next: now + 1_000 / from })
    if (mustPause) this.#pauseUntil(now + (told ?? own))
  }

  /**
   * What the vendor took, in calls a second. A long wait is part of a long window, in which it takes so many calls: it is
   * measured over the time since the pace last changed, with the wait.
   */
  #measure(now: number, told = 0): { limit: number; ms: number } {
    const { since, taken, recent, rate } = this.state
    const cycleMs = Math.max(now - since, SHORTEST_MEASURE_MS)
    if (told > USUAL_MEASURE_MS && cycleMs <= LONGEST_MEASURE_MS) {
      const ms = cycleMs + told
      return { limit: known((taken * 1_000) / ms), ms }
    }
    // Too short to measure anything but that it was too fast.
    if (rate && rate.limit > 0 && now - since < TOO_SOON_MS) {
      return { limit: taken > 0 ? rate.limit * TOO_FAST : 0, ms: SHORTEST_MEASURE_MS }
    }
    // While the rate doubles, its last second says most.
    const usualMs = rate?.limit === 0 ? SHORTEST_MEASURE_MS : USUAL_MEASURE_MS
    const first = bucketOf(Math.max(since, now - usualMs))
    const ms = Math.max(now - first, SHORTEST_MEASURE_MS)
    const count = recent.reduce((sum, [at, calls]) => (at >= first ? sum + calls : sum), 0)
    return { limit: known((count * 1_000) / ms), ms }
  }

  #pauseUntil(time: number): void {
    const { state } = this
    state.since = Math.max(state.since, time)
    state.next = Math.max(state.next, time)
  }

  /**
   * Calls a second. Within ten seconds it reaches the limit that was measured; then it grows slowly at first and faster the
   * longer nothing is refused. A lane that begins far below doubles every second. Without a limit it grows by half a second.
   */
  #rate(now: number): number {
    const { rate, since } = this.state
    if (!rate) return Number.POSITIVE_INFINITY
    const seconds = Math.max(0, now - since) / 1_000
    if (rate.limit === 0) return rate.from * BURST_GROWTH ** seconds
    const grown = rate.limit * (CAUTION + seconds / 100 + (seconds / 15) ** 3)
    return Math.max(Math.min(grown, rate.from * 2 ** seconds), rate.from)
  }

  #add(time: number, calls: number): void {
    const { recent } = this.state
    const at = bucketOf(time)
    const bucket = recent.find((entry) => entry[0] === at)
    if (bucket) bucket[1] += calls
    else if (calls > 0) recent.push([at, calls])
  }
}

function bucketOf(time: number): number {
  return time - (time % BUCKET_MS)
}

/** A rate as it was measured; 0 stands for one that is not known. */
function known(rate: number): number {
  return rate > SLOWEST_RATE ? rate : 0
}

function firstRate(limit: number): number {
  return limit > 0 ? limit * CAUTION : FIRST_RATE
}

/** Whether the time that a vendor told has not come. */
function isAhead(told: PaceState['told'], now: number): told is NonNullable<PaceState['told']> {
  return told !== undefined && told.until > now
}
