import {
  isFinalJob,
  type Job,
  JobCancelledError,
  JobFailedError,
  type JobRequest,
  type JobStream,
  type OutputPart,
  type Piece,
} from '@promptlab/client'
import { partsOf, withPiece } from './answer-parts.ts'
import { client, explain } from './api.ts'
import { FramedView } from './framed-view.ts'
import { isOver, type PaneView } from './pane-view.ts'
import { NO_SAMPLES, withSample } from './token-samples.ts'

/** A job that is being created or watched. */
export class FollowedJob extends FramedView<PaneView> {
  readonly #leaving = new AbortController()
  /** Whether pieces come when the model says them. Of an older job, they come all at once. */
  readonly #isTimed: boolean

  private constructor(known: Partial<PaneView>, isTimed: boolean) {
    super({
      request: undefined,
      jobId: undefined,
      phase: 'starting',
      text: '',
      parts: [],
      tokens: 0,
      startedAt: performance.now(),
      firstTokenMs: undefined,
      samples: NO_SAMPLES,
      metrics: undefined,
      error: undefined,
      isReconnecting: false,
      ...known,
    })
    this.#isTimed = isTimed
  }

  /** Creates the job and watches it. */
  static run(request: JobRequest, onCreated: () => void): FollowedJob {
    const followed = new FollowedJob({ request }, true)
    followed.#settle(async (signal) => {
      const { id } = await client.create(request, { signal })
      followed.set({ jobId: id })
      onCreated()
      await followed.#watch(id)
    })
    return followed
  }

  /** Watches an existing job. A finished job is shown at once; a running one is streamed from its first token. */
  static open(id: string): FollowedJob {
    const followed = new FollowedJob({ jobId: id }, false)
    followed.#settle(async (signal) => {
      const job = await client.get(id, { signal })
      followed.set({ request: requestOf(job) })
      if (!isFinalJob(job)) return await followed.#watch(id)
      const error = job.status === 'failed' ? job.error : undefined
      followed.set({
        phase: job.status,
        text: job.result,
        parts: partsOf(job.output ?? textOf(job.result), job.metrics),
        tokens: job.metrics.tokenCount,
        metrics: job.metrics,
        error,
      })
    })
    return followed
  }

  /** The id of the job; undefined until the job is created. */
  get jobId(): string | undefined {
    return this.next.jobId
  }

  /** Cancels the job. Its stream then ends with the event `cancelled`. */
  async stop(): Promise<void> {
    const { jobId } = this.next
    if (isOver(this.next)) return
    if (jobId === undefined) {
      this.#leaving.abort()
      this.set({ phase: 'cancelled' })
      return
    }
    await client.cancel(jobId).catch((error: unknown) => this.set({ error: explain(error) }))
  }

  /** Stops watching. The job runs on. */
  leave(): void {
    this.#leaving.abort()
    this.forget()
  }

  #settle(work: (signal: AbortSignal) => Promise<void>): void {
    const { signal } = this.#leaving
    work(signal).catch((error: unknown) => {
      if (!signal.aborted) this.set({ phase: 'failed', error: explain(error), isReconnecting: false })
    })
  }

  async #watch(id: string): Promise<void> {
    const stream = client.stream(id, {
      signal: this.#leaving.signal,
      onReconnect: () => this.set({ isReconnecting: true }),
    })
    try {
      for await (const piece of stream.parts()) this.#progress(piece, stream)
      this.set({ phase: 'completed', metrics: stream.metrics, isReconnecting: false })
    } catch (error) {
      if (error instanceof JobFailedError) {
        this.set({ phase: 'failed', metrics: error.metrics, error, isReconnecting: false })
      } else if (error instanceof JobCancelledError) {
        this.set({ phase: 'cancelled', metrics: error.metrics, isReconnecting: false })
      } else throw error
    }
  }

  #progress(piece: Piece, { text }: JobStream): void {
    const { startedAt, ...before } = this.next
    const atMs = performance.now() - startedAt
    const parts = withPiece(before.parts, piece, this.#isTimed ? atMs : undefined)
    this.set({ phase: 'running', parts, isReconnecting: false })
    if (piece.type !== 'text') return
    const tokens = before.tokens + 1
    const samples = withSample(before.samples, { atMs, tokens })
    this.set({ text, tokens, samples, firstTokenMs: before.firstTokenMs ?? atMs })
  }
}

function requestOf({ prompt, provider, model, options }: Job): JobRequest {
  return { prompt, provider, model, options }
}

function textOf(text: string): OutputPart[] {
  return text === '' ? [] : [{ type: 'text', text }]
}
