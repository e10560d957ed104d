import { ConnectionError } from './errors.ts'
import { Http } from './http.ts'
import { newIdempotencyKey } from './idempotency-key.ts'
import {
  type FinalJob,
  isFinalJob,
  isJob,
  isJobPage,
  isProviderList,
  type Job,
  type JobPage,
  type JobRequest,
  type JobStatus,
  type JobSummary,
  type ProviderInfo,
} from './job.ts'
import { type Reconnect, readJobEvents } from './job-events.ts'
import { JobStream } from './job-stream.ts'
import type { StreamCursor, StreamView } from './stream-event.ts'

export interface ClientOptions {
  /** The address of the API, such as `https://jobs.example.com`. */
  readonly baseUrl: string
  /** Sent as `Authorization: Bearer`; a function is called for each request. */
  readonly apiKey?: string | (() => string | undefined) | undefined
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof fetch
  /** How often a call is repeated when the server is away, overloaded or starting. Default 5, which takes about 10 s. */
  readonly maxRetries?: number
  /** How many connections of a stream may fail in a row before the stream throws. Default 20, which takes about 3 minutes. */
  readonly maxReconnects?: number
  /** The first pause before a retry, in milliseconds. Each pause is about twice the one before, at most 10 s. Default 300. */
  readonly retryDelayMs?: number
  /**
   * How long a stream may be idle before it is opened again, in milliseconds. The server sends a keep-alive every 15 s. Default
   * 45,000.
   */
  readonly idleTimeoutMs?: number
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

export interface CreateOptions extends CallOptions {
  /** For 24 hours, requests with the same key create one job. Default: a new key for each call of `create`. */
  readonly idempotencyKey?: string
  /** How long the server waits for the job to finish before it answers: seconds, at most 60. */
  readonly waitSeconds?: number
}

export interface StreamOptions extends CallOptions {
  /** Called each time the connection is lost, before the next one is opened. */
  readonly onReconnect?: (reconnect: Reconnect) => void
}

export interface ListOptions extends CallOptions {
  readonly status?: JobStatus
  readonly provider?: string
  /** The number of jobs in a page, 1 to 100. Default 20. */
  readonly limit?: number
}

/** A cursor behind the end of any text: the server then sends only the final event. */
const BEYOND_ANY_TEXT = 999_999_999_999_999

/**
 * The client of one PromptLab Jobs API. Every method throws `ApiError` when the server refuses the request, `ConnectionError` when
 * the server cannot be reached, and the reason of the signal when the signal aborts.
 */
export class PromptLabClient {
  readonly #options: ClientOptions
  readonly #http: Http

  constructor(options: ClientOptions) {
    this.#options = options
    this.#http = new Http({
      baseUrl: options.baseUrl.replace(/\/+$/, ''),
      apiKey: options.apiKey,
      // Browsers throw when `fetch` is called as a method of another object.
      fetch: options.fetch ?? ((...request) => fetch(...request)),
      retries: { maxRetries: options.maxRetries ?? 5, retryDelayMs: this.#retryDelayMs },
    })
  }

  /** Creates exactly one job, even when a response is lost and the request is repeated. */
  create(request: JobRequest, options: CreateOptions = {}): Promise<Job> {
    const { idempotencyKey = newIdempotencyKey(), waitSeconds, signal } = options
    const headers = {
      'idempotency-key': idempotencyKey,
      ...(waitSeconds !== undefined && { prefer: `wait=${waitSeconds}` }),
    }
    return this.#http.call('/jobs', { method: 'POST', body: request, headers, signal }, isJob)
  }

  /**
   * The answer of a job, from its beginning: its text, or with `parts()` everything. The stream reconnects and resumes by itself.
   * @param options.after the cursor to begin behind: `cursor` of a stream that was read in the same way. For the text it is a
   * length of the text, in UTF-16 code units
   */
  stream(id: string, options: StreamOptions & { readonly after?: StreamCursor } = {}): JobStream {
    return new JobStream(id, this.#source(options))
  }

  /** Creates a job and streams it. The job is created when the first piece is requested. */
  run(request: JobRequest, options: StreamOptions & CreateOptions = {}): JobStream {
    return new JobStream(undefined, { ...this.#source(options), create: () => this.create(request, options) })
  }

  /** Waits until the job has completed, failed or been cancelled, and returns it. */
  async wait(id: string, options: StreamOptions = {}): Promise<FinalJob> {
    for await (const _ of this.#events(id, 'text', { ...options, after: BEYOND_ANY_TEXT }));
    const job = await this.get(id, options)
    if (isFinalJob(job)) return job
    throw new ConnectionError(`The stream of job ${id} has ended, but its status is ${job.status}. Call wait again.`)
  }

  /** The job as it is now. */
  get(id: string, { signal }: CallOptions = {}): Promise<Job> {
    return this.#http.call(pathOf(id), { signal }, isJob)
  }

  /** Cancels the job, which keeps its text so far. A finished job is returned unchanged. */
  cancel(id: string, { signal }: CallOptions = {}): Promise<Job> {
    return this.#http.call(`${pathOf(id)}/cancel`, { method: 'POST', signal }, isJob)
  }

  /** Deletes a job that has ended. */
  delete(id: string, { signal }: CallOptions = {}): Promise<void> {
    return this.#http.delete(pathOf(id), signal)
  }

  /** All jobs, newest first. The next page is fetched when the loop reaches it. */
  async *list(options: ListOptions = {}): AsyncGenerator<JobSummary, void> {
    let cursor: string | null = null
    do {
      const page: JobPage = await this.listPage({ ...options, ...(cursor !== null && { cursor }) })
      yield* page.data
      cursor = page.nextCursor
    } while (cursor !== null)
  }

  /**
   * One page of jobs, newest first.
   * @param options.cursor `nextCursor` of the page before
   */
  listPage(options: ListOptions & { readonly cursor?: string } = {}): Promise<JobPage> {
    const { signal, ...query } = options
    const parameters = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value))
    return this.#http.call(`/jobs?${parameters}`, { signal }, isJobPage)
  }

  /** The providers of the server, with their models. */
  providers({ signal }: CallOptions = {}): Promise<ProviderInfo[]> {
    return this.#http.call('/providers', { signal }, isProviderList)
  }

  get #retryDelayMs(): number {
    return this.#options.retryDelayMs ?? 300
  }

  #source(options: StreamOptions & { readonly after?: StreamCursor }) {
    return {
      open: (id: string, view: StreamView) => this.#events(id, view, options),
      get: (id: string) => this.get(id, options),
    }
  }

  #events(id: string, view: StreamView, options: StreamOptions & { readonly after?: StreamCursor }) {
    const { maxReconnects = 20, idleTimeoutMs = 45_000 } = this.#options
    return readJobEvents(this.#http, id, {
      view,
      after: options.after ?? 0,
      signal: options.signal,
      onReconnect: options.onReconnect,
      retries: { maxRetries: maxReconnects, retryDelayMs: this.#retryDelayMs },
      idleTimeoutMs,
    })
  }
}

function pathOf(id: string): string {
  return `/jobs/${encodeURIComponent(id)}`
}
