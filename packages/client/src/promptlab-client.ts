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

export interface ClientOptions {
  /** Where the API is, such as `https://jobs.example.com`. */
  readonly baseUrl: string
  /** Sent as `Authorization: Bearer`; a function is asked at each request. */
  readonly apiKey?: string | (() => string | undefined) | undefined
  /** In place of the global `fetch`. */
  readonly fetch?: typeof fetch
  /** How often a call is tried again when the server is away, overloaded or starting. Default 5, which takes about 10 s. */
  readonly maxRetries?: number
  /** How many connections of a stream may fail in a row. Default 20, which takes about 3 minutes. */
  readonly maxReconnects?: number
  /** The first pause before another try, in milliseconds; each one is about twice the one before, 10 s at most. Default 300. */
  readonly retryDelayMs?: number
  /** Silence after which a stream is opened anew, in milliseconds; the server gives a sign of life every 15 s. Default 45,000. */
  readonly silenceMs?: number
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

export interface CreateOptions extends CallOptions {
  /** The same key makes one job, however often it is sent, for a day. Default: a new one for each call of `create`. */
  readonly idempotencyKey?: string
  /** Answer with the finished job if it ends within so many seconds, at most 60. */
  readonly waitSeconds?: number
}

export interface StreamOptions extends CallOptions {
  /** Called whenever the connection is lost, before it is opened again. */
  readonly onReconnect?: (reconnect: Reconnect) => void
}

export interface ListOptions extends CallOptions {
  readonly status?: JobStatus
  readonly provider?: string
  /** Jobs a page, 1 to 100. Default 20. */
  readonly limit?: number
}

/** A cursor beyond any text, so that only the end of the job is sent. */
const BEYOND_ANY_TEXT = 999_999_999_999_999

/**
 * The PromptLab Jobs API. All methods throw `ApiError` when the server refuses, `ConnectionError` when it cannot be reached, and the
 * reason of the signal when that aborts.
 */
export class PromptLabClient {
  readonly #options: ClientOptions
  readonly #http: Http

  constructor(options: ClientOptions) {
    this.#options = options
    this.#http = new Http({
      baseUrl: options.baseUrl.replace(/\/+$/, ''),
      apiKey: options.apiKey,
      // Browsers refuse a fetch that is called as the method of another object.
      fetch: options.fetch ?? ((...request) => fetch(...request)),
      retries: { maxRetries: options.maxRetries ?? 5, retryDelayMs: this.#retryDelayMs },
    })
  }

  /** Creates a job, exactly one, also when the answer is lost and the call repeated. */
  create(request: JobRequest, options: CreateOptions = {}): Promise<Job> {
    const { idempotencyKey = newIdempotencyKey(), waitSeconds, signal } = options
    const headers = {
      'idempotency-key': idempotencyKey,
      ...(waitSeconds !== undefined && { prefer: `wait=${waitSeconds}` }),
    }
    return this.#http.call('/jobs', { method: 'POST', body: request, headers, signal }, isJob)
  }

  /**
   * The tokens of a job, from its first. Reconnects and resumes by itself.
   * @param options.after begin behind so much text, in UTF-16 code units
   */
  stream(id: string, options: StreamOptions & { readonly after?: number } = {}): JobStream {
    return new JobStream(id, (jobId) => this.#events(jobId, options))
  }

  /** Creates a job and streams it. Nothing is sent before the first token is asked for. */
  run(request: JobRequest, options: StreamOptions & CreateOptions = {}): JobStream {
    return new JobStream(
      () => this.create(request, options),
      (jobId) => this.#events(jobId, options),
    )
  }

  /** The job when it has ended, however it ended. */
  async wait(id: string, options: StreamOptions = {}): Promise<FinalJob> {
    for await (const _ of this.#events(id, { ...options, after: BEYOND_ANY_TEXT }));
    const job = await this.get(id, options)
    if (isFinalJob(job)) return job
    throw new ConnectionError('The stream of the job has ended, and its record says that it runs.')
  }

  get(id: string, { signal }: CallOptions = {}): Promise<Job> {
    return this.#http.call(pathOf(id), { signal }, isJob)
  }

  /** Ends the job, which keeps the text it has; a finished one comes back unchanged. */
  cancel(id: string, { signal }: CallOptions = {}): Promise<Job> {
    return this.#http.call(`${pathOf(id)}/cancel`, { method: 'POST', signal }, isJob)
  }

  /** Deletes a job that has ended. */
  delete(id: string, { signal }: CallOptions = {}): Promise<void> {
    return this.#http.delete(pathOf(id), signal)
  }

  /** All jobs, newest first; pages are fetched as they are needed. */
  async *list(options: ListOptions = {}): AsyncGenerator<JobSummary, void> {
    let cursor: string | null = null
    do {
      const page: JobPage = await this.listPage({ ...options, ...(cursor !== null && { cursor }) })
      yield* page.data
      cursor = page.nextCursor
    } while (cursor !== null)
  }

  /** @param options.cursor `nextCursor` of the page before */
  listPage(options: ListOptions & { readonly cursor?: string } = {}): Promise<JobPage> {
    const { signal, ...query } = options
    const parameters = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value))
    return this.#http.call(`/jobs?${parameters}`, { signal }, isJobPage)
  }

  /** What jobs can be created for. */
  providers({ signal }: CallOptions = {}): Promise<ProviderInfo[]> {
    return this.#http.call('/providers', { signal }, isProviderList)
  }

  get #retryDelayMs(): number {
    return this.#options.retryDelayMs ?? 300
  }

  #events(id: string, options: StreamOptions & { readonly after?: number }) {
    const { maxReconnects = 20, silenceMs = 45_000 } = this.#options
    return readJobEvents(this.#http, id, {
      after: options.after ?? 0,
      signal: options.signal,
      onReconnect: options.onReconnect,
      retries: { maxRetries: maxReconnects, retryDelayMs: this.#retryDelayMs },
      silenceMs,
    })
  }
}

function pathOf(id: string): string {
  return `/jobs/${encodeURIComponent(id)}`
}
