import {
  ApiError,
  type CreateOptions,
  isFinalJob,
  type Job,
  JobCancelledError,
  JobFailedError,
  newIdempotencyKey,
  type Piece,
  type PromptLabClient,
  type StreamCursor,
} from '@promptlab/client'
import { withPiece } from './answer-parts.ts'
import { FramedStore } from './framed-store.ts'
import { jobFaultOf } from './job-fault.ts'
import { type Asked, isEnded, isGoingOn, type JobView } from './job-view.ts'
import { endedView, knownView, openedView } from './known-view.ts'

/** Creates a job: `create`, `rerun` or `fork` of a client. It is called again, with the same key, when it failed. */
export type StartJob = (options: CreateOptions) => Promise<Job>

/** How long a silent job waits before the page looks why, and then each time again, in milliseconds. */
const LOOKUP_MS = 4_000

/** What holds of a job that is not watched any more. */
const SETTLED = { isReconnecting: false, waitingFor: undefined, error: undefined }

let count = 0

/** A job that is being created or watched. It runs on whether it is watched or not. */
export class FollowedJob extends FramedStore<JobView> {
  /** Tells jobs of a page apart, also those that have no id yet: the React `key` of a turn. */
  readonly key: number = count++
  readonly #client: PromptLabClient
  readonly #start: StartJob | undefined
  readonly #onCreated: (job: Job) => void
  /** One key for all attempts to create the job, so that they make one. Not made while React renders, which is to be repeatable. */
  #idempotencyKey: string | undefined
  /** The request that creates the job, while it is under way. */
  #creation: Promise<Job> | undefined
  #leaving: AbortController | undefined
  #cursor: StreamCursor | undefined

  private constructor(
    client: PromptLabClient,
    known: Partial<JobView>,
    { start, onCreated = () => {} }: { start?: StartJob; onCreated?: ((job: Job) => void) | undefined } = {},
  ) {
    super({
      phase: 'creating',
      id: undefined,
      asked: undefined,
      job: undefined,
      text: '',
      parts: [],
      tokens: 0,
      startedAt: performance.now(),
      firstTextMs: undefined,
      metrics: undefined,
      error: undefined,
      waitingFor: undefined,
      isReconnecting: false,
      ...known,
    })
    this.#client = client
    this.#start = start
    this.#onCreated = onCreated
  }

  /**
   * Creates a job and watches it.
   * @param asked what is shown until the server has answered
   * @param onCreated called once the job exists
   */
  static start(client: PromptLabClient, start: StartJob, asked?: Asked, onCreated?: (job: Job) => void): FollowedJob {
    const followed = new FollowedJob(client, { asked }, { start, onCreated })
    followed.resume()
    return followed
  }

  /**
   * A job that exists. Nothing is requested before `resume()`, which shows a job that has ended at once, and streams any other
   * from its beginning.
   */
  static of(client: PromptLabClient, job: string | Job): FollowedJob {
    const known: Partial<JobView> =
      typeof job === 'string' ? { id: job, phase: 'waiting' } : isFinalJob(job) ? endedView(job) : openedView(job)
    return new FollowedJob(client, known)
  }

  /** The id of the job; undefined until the job is created. */
  get id(): string | undefined {
    return this.next.id
  }

  /** The phase now, which the view shows in the next frame. */
  get isGoingOn(): boolean {
    return isGoingOn(this.next.phase)
  }

  /**
   * The id of the job, once the request that creates it was answered. Undefined if none is under way, or it was refused.
   */
  async created(): Promise<string | undefined> {
    return this.id ?? (await this.#creation?.catch(() => undefined))?.id
  }

  /**
   * Cancels the job, which keeps what it has said. A job that is being created is cancelled once it is. If that fails, the view says
   * why.
   */
  async stop(): Promise<void> {
    const { id, phase } = this.next
    if (isEnded(phase) || phase === 'missing') return
    if (id !== undefined) return await this.#cancel(id)
    this.leave()
    this.set({ phase: 'cancelled', error: undefined })
    const created = await this.created()
    if (created !== undefined) await this.#cancel(created)
  }

  /**
   * Begins to watch, or goes on after `refused`, `lost`, `missing` or `leave()`: with the same idempotency key, and where the answer
   * was.
   */
  resume(): void {
    const { phase, id } = this.next
    if (this.#leaving || isEnded(phase)) return
    const leaving = new AbortController()
    this.#leaving = leaving
    if (!isGoingOn(phase)) this.set({ phase: id === undefined ? 'creating' : 'waiting', error: undefined })
    this.#follow(leaving.signal)
      .catch((error: unknown) => leaving.signal.aborted || this.#fail(error))
      .finally(() => {
        if (this.#leaving === leaving) this.#leaving = undefined
      })
  }

  /** Stops watching. The job runs on, and one that is being created is created. */
  leave(): void {
    this.#leaving?.abort()
    this.#leaving = undefined
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const job = this.next.job ?? (await this.#knownJob(signal))
    signal.throwIfAborted()
    if (isFinalJob(job)) this.set(endedView(job))
    else await this.#watch(job.id, signal)
  }

  async #knownJob(signal: AbortSignal): Promise<Job> {
    const { id } = this.next
    if (id === undefined) return await this.#create()
    const job = await this.#client.get(id, { signal })
    signal.throwIfAborted()
    this.set(openedView(job))
    return job
  }

  /** Creates the job once, however often it is asked for. No signal aborts it: the request may have arrived. */
  #create(): Promise<Job> {
    if (!this.#start) throw new TypeError('There is no job to follow.')
    this.#idempotencyKey ??= newIdempotencyKey()
    this.#creation ??= this.#start({ idempotencyKey: this.#idempotencyKey })
      .then((job) => {
        this.set(isEnded(this.next.phase) ? knownView(job) : openedView(job))
        this.#onCreated(job)
        return job
      })
      .finally(() => {
        this.#creation = undefined
      })
    return this.#creation
  }

  async #watch(id: string, signal: AbortSignal): Promise<void> {
    const stopLooking = this.#lookWhileSilent(id, signal)
    const stream = this.#client.stream(id, {
      signal,
      ...(this.#cursor !== undefined && { after: this.#cursor }),
      onReconnect: () => this.set({ isReconnecting: true }),
    })
    try {
      for await (const piece of stream.parts()) {
        // Pieces may have come before the signal. After `resume()` another stream has them.
        signal.throwIfAborted()
        this.#cursor = stream.cursor
        this.#progress(piece)
      }
      signal.throwIfAborted()
      this.set({ ...SETTLED, phase: 'completed', metrics: stream.metrics })
    } finally {
      stopLooking()
    }
  }

  #progress(piece: Piece): void {
    const { startedAt, ...before } = this.next
    // Of a job that was opened, the pieces so far come at once.
    const atMs = this.#start ? performance.now() - startedAt : undefined
    const parts = withPiece(before.parts, piece, atMs)
    this.set({ phase: 'running', parts, isReconnecting: false, waitingFor: undefined })
    if (piece.type !== 'text') return
    this.set({
      text: before.text + piece.text,
      tokens: before.tokens + 1,
      firstTextMs: before.firstTextMs ?? atMs,
    })
  }

  /** Reads the job while nothing comes: its stream tells neither what it waits for nor that a new connection is open. */
  #lookWhileSilent(id: string, signal: AbortSignal): () => void {
    let isLooking = false
    const look = async () => {
      const { phase, isReconnecting } = this.next
      if (isLooking || (phase !== 'waiting' && !isReconnecting)) return
      isLooking = true
      // The stream tells the same fault.
      const job = await this.#client.get(id, { signal }).catch(() => undefined)
      isLooking = false
      if (!job || signal.aborted) return
      const waitingFor = this.next.phase === 'waiting' && 'waitingFor' in job ? job.waitingFor : undefined
      this.set({ isReconnecting: false, waitingFor })
    }
    const timer = setInterval(look, LOOKUP_MS)
    return () => clearInterval(timer)
  }

  async #cancel(id: string): Promise<void> {
    try {
      const job = await this.#client.cancel(id)
      // The stream of a job that is watched tells its end, behind everything that was said.
      if (isFinalJob(job) && !this.#leaving) this.set(endedView(job))
    } catch (error) {
      if (this.#leaving) this.set({ error: jobFaultOf(error) })
      else this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    if (error instanceof JobFailedError) {
      this.set({ ...SETTLED, phase: 'failed', metrics: error.metrics, error: jobFaultOf(error) })
    } else if (error instanceof JobCancelledError) {
      this.set({ ...SETTLED, phase: 'cancelled', metrics: error.metrics })
    } else {
      const isKnown = this.id !== undefined
      // A proxy without a server may answer 404, too, but not as the API does.
      const isMissing = isKnown && error instanceof ApiError && error.status === 404 && error.problem !== undefined
      const phase = isMissing ? 'missing' : isKnown ? 'lost' : 'refused'
      this.set({ ...SETTLED, phase, error: jobFaultOf(error) })
    }
  }
}
