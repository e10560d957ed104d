import { setTimeout as sleep } from 'node:timers/promises'
import { type Delivery, isFinal } from '@promptlab/contract'
import type { StoredFinalJob, StoredJob } from '../job.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import { LONGEST_ATTEMPT_MS, receiverOf } from '../ports/webhooks.ts'
import { untilAvailable } from '../until-available.ts'
import { isDue } from './after-attempt.ts'
import { Attempts, type AttemptsDeps } from './attempts.ts'
import { ReceiverSlots, type SlotOwner } from './receiver-slots.ts'

export interface NotifierDeps extends AttemptsDeps {
  readonly jobs: Pick<JobRepository, 'find' | 'findUntold' | 'replaceDeliveries'>
}

/** How often the store is asked for jobs whose end is to be told, in milliseconds. */
const POLL_MS = 2_000
/** The pause before the next poll when more is due than can be told at once, in milliseconds. */
const SOON_MS = 100
/** The pause before the next page when nothing of this one could be told, so that other requests have their turn. */
const BREATH_MS = 25
/** Each is read with its text. */
const JOBS_AT_ONCE = 16
/** How long a process has a job to itself, in milliseconds: one attempt, and some time to store it. */
const LEASE_MS = LONGEST_ATTEMPT_MS + 5_000
/** How long attempts under way may take when the server stops, in milliseconds. */
const LAST_ATTEMPTS_MS = 3_000
const LIMITS = { inAll: 128, perHost: 16, perCaller: 48 }

/** A delivery that has a slot for its next attempt. */
interface Admitted {
  readonly delivery: Delivery
  readonly slot: SlotOwner
}

/** What became of a job that was found. One that was left may be found again. */
type Claim = 'taken' | 'put-off' | 'left'

type UntoldFinalJob = StoredFinalJob & { readonly deliveries: Delivery[]; readonly notifyAt: string }

/**
 * Tells receivers of the ends of jobs. Every process that shares the store looks for jobs to be told; one conditional write gives a
 * job to one of them for the time of an attempt. If that one dies, the next attempt is made by another, so an end is told at least
 * once, and each repeat has the id of its delivery.
 */
export class Notifier {
  readonly #deps: NotifierDeps
  readonly #attempts: Attempts
  readonly #slots = new ReceiverSlots(LIMITS)
  readonly #stopping = new AbortController()
  /** The jobs that are being told, by id. */
  readonly #told = new Map<string, Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  #nextPoll: NodeJS.Timeout | undefined
  #polling: Promise<void> | undefined

  constructor(deps: NotifierDeps) {
    this.#deps = deps
    this.#attempts = new Attempts(deps)
  }

  /** Tells what is due from now on. */
  start(): void {
    this.#timer = setInterval(() => this.poll(), POLL_MS).unref()
    void this.poll()
  }

  /** Call it when this process has stored a job in a new state: an end is told at once. */
  changed(job: StoredJob): void {
    if (!isFinal(job) || job.notifyAt === undefined || this.#stopping.signal.aborted) return
    // A burst is read page by page.
    if (this.#told.size < JOBS_AT_ONCE && !this.#slots.isFull) void this.#tell(job.id)
    else this.#pollIn(0)
  }

  /** Lets attempts under way end for some seconds. What is left is told again by another process, or after the next start. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    clearTimeout(this.#nextPoll)
    this.#stopping.abort()
    const limit = setTimeout(() => this.#attempts.giveUp(), LAST_ATTEMPTS_MS)
    await this.#polling
    await Promise.all(this.#told.values())
    clearTimeout(limit)
  }

  /** Begins to tell all ends that are due now. Never rejects: what fails is found again by the next poll. */
  poll(): Promise<void> {
    this.#polling ??= this.#pollOnce().finally(() => {
      this.#polling = undefined
    })
    return this.#polling
  }

  /** Resolves when no attempt is under way. */
  async settled(): Promise<void> {
    while (this.#told.size > 0) await Promise.all(this.#told.values())
  }

  async #pollOnce(): Promise<void> {
    const { jobs, clock, logger } = this.#deps
    try {
      for (let isLast = false; !isLast && !this.#stopping.signal.aborted; ) {
        // A page whose jobs are all being told already would be found again, and so would one for which there are no slots.
        if (this.#slots.isFull) return this.#pollIn(SOON_MS)
        const untold = await jobs.findUntold(clock.now(), JOBS_AT_ONCE)
        const claims = await Promise.all(untold.map(({ id }) => this.#claimed(id)))
        isLast = untold.length < JOBS_AT_ONCE
        if (!isLast && claims.every((claim) => claim === 'left')) return this.#pollIn(SOON_MS)
        if (!isLast && !claims.includes('taken')) await sleep(BREATH_MS)
      }
    } catch (error) {
      logger.warn({ err: error }, 'could not look for jobs whose end is to be told')
    }
  }

  /** Polls earlier than usual. */
  #pollIn(ms: number): void {
    if (this.#nextPoll !== undefined || ms > POLL_MS || this.#stopping.signal.aborted) return
    this.#nextPoll = setTimeout(() => {
      this.#nextPoll = undefined
      void Promise.resolve(this.#polling).then(() => this.poll())
    }, ms).unref()
  }

  /** Resolves when the job has been taken, put off, or left to others. */
  #claimed(id: string): Promise<Claim> {
    if (this.#told.has(id)) return Promise.resolve('left')
    return new Promise((resolve) => void this.#tell(id, resolve).finally(() => resolve('left')))
  }

  /** Never rejects. */
  async #tell(id: string, onClaim: (claim: Claim) => void = () => {}): Promise<void> {
    if (this.#told.has(id)) return
    const told = this.#tellOnce(id, onClaim).catch((err: unknown) =>
      this.#deps.logger.warn({ err, jobId: id }, 'could not tell the end of a job; it is told later'),
    )
    this.#told.set(id, told)
    await told
    this.#told.delete(id)
  }

  async #tellOnce(id: string, onClaim: (claim: Claim) => void): Promise<void> {
    const { jobs, clock } = this.#deps
    const job = await jobs.find(id)
    const now = clock.now()
    if (!isUntold(job) || Date.parse(job.notifyAt) > now) return
    const { admitted, putOffTo } = this.#admit(job, now)
    if (admitted.length === 0) {
      const next = timeOf(nextTime(job.deliveries, now, putOffTo))
      onClaim((await jobs.replaceDeliveries(id, { notifyAt: next }, job.notifyAt)) ? 'put-off' : 'left')
      return
    }
    const lease = new Date(now + LEASE_MS).toISOString()
    const isMine = await this.#claim(job, lease, admitted)
    onClaim(isMine ? 'taken' : 'left')
    if (isMine) await this.#deliver(job, lease, admitted, putOffTo)
  }

  async #claim(job: UntoldFinalJob, lease: string, admitted: readonly Admitted[]): Promise<boolean> {
    let isMine = false
    try {
      isMine = await this.#deps.jobs.replaceDeliveries(job.id, { notifyAt: lease }, job.notifyAt)
      return isMine
    } finally {
      if (!isMine) for (const { slot } of admitted) this.#slots.release(slot)
    }
  }

  async #deliver(
    job: UntoldFinalJob,
    lease: string,
    admitted: readonly Admitted[],
    putOffTo: number | undefined,
  ): Promise<void> {
    const { jobs, clock, logger } = this.#deps
    const made = await Promise.all(
      admitted.map(async ({ delivery, slot }) => {
        const startedAt = clock.elapsed()
        try {
          return await this.#attempts.make(job, delivery, slot.host)
        } finally {
          this.#slots.release(slot, clock.elapsed() - startedAt)
        }
      }),
    )
    const byId = new Map(made.map((delivery) => [delivery.id, delivery]))
    const deliveries = job.deliveries.map((delivery) => byId.get(delivery.id) ?? delivery)
    const notifyAt = timeOf(nextTime(deliveries, clock.now(), putOffTo))
    // One object, by which the store knows an attempt that failed and was stored after all.
    const next = { deliveries, ...(notifyAt !== undefined && { notifyAt }) }
    const isStored = await untilAvailable(() => jobs.replaceDeliveries(job.id, next, lease), {
      signal: this.#stopping.signal,
      onFailure: (error, attempt) =>
        logger.error({ err: error, jobId: job.id, attempt }, 'could not store an attempt to tell; trying again'),
    })
    if (!isStored) logger.warn({ jobId: job.id }, 'an attempt to tell was stored too late; it is made again')
  }

  /** The deliveries whose time has come and for which there is a slot; and when there will be one for the others. */
  #admit(job: UntoldFinalJob, now: number): { admitted: Admitted[]; putOffTo: number | undefined } {
    const admitted: Admitted[] = []
    let putOffTo: number | undefined
    for (const delivery of job.deliveries.filter((each) => isDue(each, now))) {
      const slot = this.#slotOf(job, delivery)
      if (this.#slots.take(slot)) admitted.push({ delivery, slot })
      else putOffTo = Math.max(putOffTo ?? 0, this.#slots.nextTurn(slot, now))
    }
    if (putOffTo !== undefined) this.#pollIn(putOffTo - now)
    return { admitted, putOffTo }
  }

  #slotOf({ webhook, owner }: UntoldFinalJob, delivery: Delivery): SlotOwner {
    const receiver = receiverOf(delivery, webhook)
    const host = (receiver && this.#deps.webhooks.hostOf(receiver)) ?? ''
    return { host, ...(delivery.to === 'job' && owner !== undefined && { caller: owner }) }
  }
}

function isUntold(job: StoredJob | undefined): job is UntoldFinalJob {
  return job !== undefined && isFinal(job) && job.deliveries !== undefined && job.notifyAt !== undefined
}

/**
 * When the next attempt is due, in milliseconds since the epoch. Undefined: all deliveries are over.
 * @param putOffTo when there will be a slot for the deliveries that are due already
 */
function nextTime(deliveries: readonly Delivery[], now: number, putOffTo = now): number | undefined {
  const times = deliveries
    .filter(({ status }) => status === 'waiting')
    .map(({ nextAttemptAt }) => Math.max(nextAttemptAt === undefined ? now : Date.parse(nextAttemptAt), now))
    .map((time) => (time === now ? putOffTo : time))
  return times.length > 0 ? Math.min(...times) : undefined
}

function timeOf(time: number | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString()
}
