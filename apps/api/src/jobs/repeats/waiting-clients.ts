import { isFinal } from '@promptlab/contract'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { StoredJob } from '../job.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type { ClientState, RequestedJob } from '../ports/stored-values.ts'

interface WaitingClientsDeps {
  readonly jobs: Pick<
    JobRepository,
    'deleteFinal' | 'find' | 'findByRequest' | 'isConnected' | 'processId' | 'replaceClient'
  >
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Logger
  /** How long a foreground job runs on when its client is gone, in milliseconds. Undefined: to its end. */
  readonly graceMs: number | undefined
}

/** A request that may be the repeat of an earlier one, whose client lost its connection. */
export interface Repeatable {
  /** The same for equal requests of one caller at one route. */
  readonly digest: string
  /** Whether the client says that it sent the request before. */
  readonly isRetry: boolean
  readonly caller: string | undefined
}

/** How a client asks for its answer. */
interface Arrival {
  /** Whether the answer can be read again. */
  readonly isStored: boolean
  /** Whether the client waits for the answer. */
  readonly isForeground: boolean
}

/** A job that a client waits for. */
type Awaited = Pick<StoredJob, 'id' | 'client' | 'deleteAfter' | 'requestDigest' | 'watchedUntil'>

/** How the response of a client ended. */
export interface ClientEnd {
  /** Whether the last byte of the answer was handed to the connection. */
  readonly isDelivered: boolean
  /** Whether the client had got the head of the answer. An error of the server is none. */
  readonly hadHead: boolean
}

/** SDKs send a request again within seconds. A later request is meant as a new one. */
const JOIN_WINDOW_MS = 60_000
/** A job that is not to be stored is removed when its answer was delivered, and after this time in any case. */
const LONGEST_HIDDEN_MS = 60 * 60_000
/** A time that does not pass. */
const WITHOUT_END = '9999-12-31T23:59:59.999Z'
/** So long ago that no repeat joins. */
const NEVER_JOINED = '1970-01-01T00:00:00.000Z'
/** Jobs of equal requests that are looked at, newest first. An evaluation may send the same request hundreds of times. */
const MAX_CANDIDATES = 100

/**
 * Knows the clients that wait at doors for the answers of their jobs. When an SDK loses its connection, it sends the same
 * request again, without a name for it. Such a repeat joins the job of the first request, so that it is not paid twice. The
 * rules are in docs/decisions/2026-11-27-doors.md.
 */
export class WaitingClients {
  readonly #deps: WaitingClientsDeps
  /** What is being noted, with the digests of the requests. */
  readonly #writes = new Map<Promise<unknown>, string | undefined>()
  #isStopping = false

  constructor(deps: WaitingClientsDeps) {
    this.#deps = deps
  }

  /** The state of a client that has just come. */
  arrived({ isStored, isForeground }: Arrival): ClientState {
    const { jobs, graceMs } = this.#deps
    return {
      client: { process: jobs.processId },
      ...(!isStored && { deleteAfter: this.#timeIn(LONGEST_HIDDEN_MS) }),
      ...(isForeground && graceMs !== undefined && { watchedUntil: this.#timeIn(graceMs) }),
    }
  }

  /** Call it when the server begins to stop: that its clients are lost then is no reason to cancel their jobs. */
  stopping(): void {
    this.#isStopping = true
  }

  /**
   * Keeps a foreground job from being cancelled while somebody reads it.
   * @returns ends that
   */
  watch({ id, watchedUntil }: Pick<StoredJob, 'id' | 'watchedUntil'>): () => void {
    const { graceMs } = this.#deps
    if (graceMs === undefined || watchedUntil === undefined) return () => {}
    const timer = setInterval(() => this.#note({ id }, this.#renew(id, graceMs)), graceMs / 2)
    return () => clearInterval(timer)
  }

  /** Somebody has asked for a job. A foreground job has its whole grace from now on. */
  seen({ id, watchedUntil }: Pick<StoredJob, 'id' | 'watchedUntil'>): void {
    const { graceMs, clock } = this.#deps
    if (graceMs === undefined || watchedUntil === undefined) return
    if (Date.parse(watchedUntil) - clock.now() < graceMs / 2) this.#note({ id }, this.#renew(id, graceMs))
  }

  /**
   * Takes a job whose grace is over, so that no repeat joins it any more. If it cannot be cancelled now, it is found again after
   * another grace.
   * @returns whether the job is to be cancelled
   * @throws StorageUnavailableError
   */
  async endGrace(id: string): Promise<boolean> {
    const { jobs, clock, graceMs } = this.#deps
    const job = await jobs.find(id)
    if (graceMs === undefined || job?.watchedUntil === undefined) return false
    if (Date.parse(job.watchedUntil) > clock.now()) return false
    const client = { process: jobs.processId, ...job.client, lostAt: NEVER_JOINED }
    return jobs.replaceClient(id, { client, watchedUntil: this.#timeIn(graceMs) }, job.client)
  }

  /**
   * The job that a request joins because its client lost the connection to it. Exactly one of several requests gets it.
   * @throws StorageUnavailableError
   */
  async join(request: Repeatable): Promise<StoredJob | undefined> {
    const { jobs } = this.#deps
    // A client may be back before it is stored that its connection was lost.
    await Promise.all([...this.#writes].map(([write, digest]) => digest === request.digest && write))
    // The most common request by far is not a repeat, and costs one lookup in an index.
    for (const candidate of await jobs.findByRequest(request.digest, MAX_CANDIDATES)) {
      if (!(await this.#mayJoin(candidate, request))) continue
      const job = await jobs.find(candidate.id)
      if (!job) continue
      const state = this.arrived({
        isStored: job.deleteAfter === undefined,
        isForeground: job.watchedUntil !== undefined,
      })
      if (await jobs.replaceClient(job.id, state, candidate.client)) return { ...job, ...state }
    }
    return undefined
  }

  /** Notes that the client of a job has got its answer, or was lost. Failures are logged: the answer is over in any case. */
  left(job: Awaited, end: ClientEnd): void {
    this.#note(job, this.#leave(job, end))
  }

  #note({ id: jobId, requestDigest }: Pick<Awaited, 'id' | 'requestDigest'>, write: Promise<void>): void {
    const work = write.catch((err: unknown) =>
      this.#deps.logger.error({ err, jobId }, 'could not store how the client of a job stands'),
    )
    this.#writes.set(work, requestDigest)
    void work.finally(() => this.#writes.delete(work))
  }

  /** Resolves when everything that was noted is stored. */
  async settled(): Promise<void> {
    await Promise.all(this.#writes.keys())
  }

  async #leave({ id, client, deleteAfter, watchedUntil }: Awaited, end: ClientEnd): Promise<void> {
    const { jobs, graceMs } = this.#deps
    const isHidden = deleteAfter !== undefined
    if (end.isDelivered) {
      if (isHidden) await jobs.deleteFinal(id)
      return
    }
    if (!client) return
    const lost = { ...client, lostAt: this.#timeIn(0), ...(end.hadHead && { hadHead: true as const }) }
    await jobs.replaceClient(
      id,
      {
        client: lost,
        ...(isHidden && { deleteAfter: this.#timeIn(JOIN_WINDOW_MS) }),
        ...(watchedUntil !== undefined &&
          graceMs !== undefined && { watchedUntil: this.#isStopping ? WITHOUT_END : this.#timeIn(graceMs) }),
      },
      client,
    )
  }

  async #renew(id: string, graceMs: number): Promise<void> {
    const { jobs } = this.#deps
    const job = await jobs.find(id)
    if (!job || isFinal(job) || job.watchedUntil === undefined) return
    await jobs.replaceClient(id, { client: job.client, watchedUntil: this.#timeIn(graceMs) }, job.client)
  }

  async #mayJoin({ status, client }: RequestedJob, { isRetry, caller }: Repeatable): Promise<boolean> {
    if (!client) return false
    const { jobs, clock } = this.#deps
    if (client.lostAt !== undefined) {
      // Without the name of a caller, two users may send the same request.
      const isRepeat = isRetry || (caller !== undefined && !client.hadHead)
      return isRepeat && clock.now() - Date.parse(client.lostAt) <= JOIN_WINDOW_MS
    }
    // The process of the client died before it could note the loss. An answer that is complete may have been delivered.
    if (!isRetry || client.process === jobs.processId || status === 'completed') return false
    return !(await jobs.isConnected(client.process))
  }

  #timeIn(ms: number): string {
    return new Date(this.#deps.clock.now() + ms).toISOString()
  }
}
