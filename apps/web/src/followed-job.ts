import {
  isFinalJob,
  type Job,
  JobCancelledError,
  JobFailedError,
  type JobRequest,
  type JobStream,
} from '@promptlab/client'
import { client, explain } from './api.ts'
import { onNextFrame } from './next-frame.ts'
import { isOver, type PaneView } from './pane-view.ts'
import { NO_SAMPLES, withSample } from './token-samples.ts'

/** A job that is being created or watched. Its view changes at most once a frame, however many tokens arrive in the frame. */
export class FollowedJob {
  readonly #listeners = new Set<() => void>()
  readonly #leaving = new AbortController()
  #forgetFrame: (() => void) | undefined
  #next: PaneView
  #view: PaneView

  private constructor(known: Partial<PaneView>) {
    this.#next = {
      request: undefined,
      jobId: undefined,
      phase: 'starting',
      text: '',
      tokens: 0,
      startedAt: performance.now(),
      firstTokenMs: undefined,
      samples: NO_SAMPLES,
      metrics: undefined,
      error: undefined,
      isReconnecting: false,
      ...known,
    }
    this.#view = this.#next
  }

  /** Creates the job and watches it. */
  static run(request: JobRequest, onCreated: () => void): FollowedJob {
    const followed = new FollowedJob({ request })
    followed.#settle(async (signal) => {
      const { id } = await client.create(request, { signal })
      followed.#set({ jobId: id })
      onCreated()
      await followed.#watch(id)
    })
    return followed
  }

  /** Watches an existing job. A finished job is shown at once; a running one is streamed from its first token. */
  static open(id: string): FollowedJob {
    const followed = new FollowedJob({ jobId: id })
    followed.#settle(async (signal) => {
      const job = await client.get(id, { signal })
      followed.#set({ request: requestOf(job) })
      if (!isFinalJob(job)) return await followed.#watch(id)
      const error = job.status === 'failed' ? job.error : undefined
      followed.#set({
        phase: job.status,
        text: job.result,
        tokens: job.metrics.tokenCount,
        metrics: job.metrics,
        error,
      })
    })
    return followed
  }

  /** The id of the job; undefined until the job is created. */
  get jobId(): string | undefined {
    return this.#next.jobId
  }

  readonly view = (): PaneView => this.#view

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Cancels the job. Its stream then ends with the event `cancelled`. */
  async stop(): Promise<void> {
    const { jobId } = this.#next
    if (isOver(this.#next)) return
    if (jobId === undefined) {
      this.#leaving.abort()
      this.#set({ phase: 'cancelled' })
      return
    }
    await client.cancel(jobId).catch((error: unknown) => this.#set({ error: explain(error) }))
  }

  /** Stops watching. The job runs on. */
  leave(): void {
    this.#leaving.abort()
    this.#forgetFrame?.()
  }

  #settle(work: (signal: AbortSignal) => Promise<void>): void {
    const { signal } = this.#leaving
    work(signal).catch((error: unknown) => {
      if (!signal.aborted) this.#set({ phase: 'failed', error: explain(error), isReconnecting: false })
    })
  }

  async #watch(id: string): Promise<void> {
    const stream = client.stream(id, {
      signal: this.#leaving.signal,
      onReconnect: () => this.#set({ isReconnecting: true }),
    })
    try {
      for await (const _ of stream) this.#progress(stream)
      this.#set({ phase: 'completed', metrics: stream.metrics, isReconnecting: false })
    } catch (error) {
      if (error instanceof JobFailedError) {
        this.#set({ phase: 'failed', metrics: error.metrics, error, isReconnecting: false })
      } else if (error instanceof JobCancelledError) {
        this.#set({ phase: 'cancelled', metrics: error.metrics, isReconnecting: false })
      } else throw error
    }
  }

  #progress({ text }: JobStream): void {
    const { startedAt, firstTokenMs, ...before } = this.#next
    const atMs = performance.now() - startedAt
    const tokens = before.tokens + 1
    const samples = withSample(before.samples, { atMs, tokens })
    this.#set({ phase: 'running', text, tokens, samples, firstTokenMs: firstTokenMs ?? atMs, isReconnecting: false })
  }

  #set(change: Partial<PaneView>): void {
    this.#next = { ...this.#next, ...change }
    this.#forgetFrame ??= onNextFrame(() => {
      this.#forgetFrame = undefined
      this.#view = this.#next
      for (const listener of this.#listeners) listener()
    })
  }
}

function requestOf({ prompt, provider, model, options }: Job): JobRequest {
  return { prompt, provider, model, options }
}
