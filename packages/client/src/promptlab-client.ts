import { type BudgetLimit, isBudgetReport } from './budget.ts'
import { type Delivery, isDeliveryList } from './delivery.ts'
import { ConnectionError } from './errors.ts'
import { type Fixture, isFixture } from './fixture.ts'
import { Http } from './http.ts'
import { newIdempotencyKey } from './idempotency-key.ts'
import {
  type ConversationPage,
  type FinalJob,
  isConversationPage,
  isFinalJob,
  isJob,
  isJobPage,
  isProviderList,
  type Job,
  type JobPage,
  type JobStatus,
  type JobSummary,
  type ProviderInfo,
} from './job.ts'
import { readJobEvents } from './job-events.ts'
import { type FeedReady, type JobChange, readJobFeed } from './job-feed.ts'
import type { ForkRequest, JobChanges, JobRequest } from './job-request.ts'
import { JobStream } from './job-stream.ts'
import type { Reconnect } from './reconnecting.ts'
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

export interface EventsOptions extends StreamOptions {
  /** The cursor behind which the feed begins: `cursor` of a change or of `onReady`. Default: it begins now. */
  readonly after?: string | undefined
  /**
   * Called each time a connection is open, before its changes come. The feed waits until the promise resolves, so a list made
   * here is older than every change that follows. An error ends the feed with this error.
   */
  readonly onReady?: (ready: FeedReady) => void | Promise<void>
}

export interface ListOptions extends CallOptions {
  readonly status?: JobStatus
  readonly provider?: string
  readonly model?: string
  /** Words that must all occur in the prompt or the answer, each as the beginning of a word. */
  readonly search?: string
  /** Only jobs created then or later: an ISO date with a time. */
  readonly createdFrom?: string
  /** Only jobs created earlier. */
  readonly createdBefore?: string
  /** Only jobs whose metadata has all of these entries. */
  readonly metadata?: Readonly<Record<string, string>>
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
  create(request: JobRequest, options?: CreateOptions): Promise<Job> {
    return this.#create('/jobs', request, options)
  }

  /** Creates a job of the same input as another one. */
  rerun(id: string, changes: JobChanges = {}, options?: CreateOptions): Promise<Job> {
    return this.#create(`${pathOf(id)}/rerun`, changes, options)
  }

  /** Creates a job that goes on with the answer of another one, which has ended, from a place in it. */
  fork(id: string, request: ForkRequest, options?: CreateOptions): Promise<Job> {
    return this.#create(`${pathOf(id)}/fork`, request, options)
  }

  #create(path: string, body: object, options: CreateOptions = {}): Promise<Job> {
    const { idempotencyKey = newIdempotencyKey(), waitSeconds, signal } = options
    const headers = {
      'idempotency-key': idempotencyKey,
      ...(waitSeconds !== undefined && { prefer: `wait=${waitSeconds}` }),
    }
    return this.#http.call(path, { method: 'POST', body, headers, signal }, isJob)
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

  /**
   * The job and those before it that it goes on with, oldest first. Earlier ones are the conversation of the first one's
   * `previousJobId`.
   * @param options.limit the most turns, 1 to 100. Default 20
   */
  conversation(
    id: string,
    { limit, signal }: CallOptions & { readonly limit?: number } = {},
  ): Promise<ConversationPage> {
    const query = limit === undefined ? '' : `?limit=${limit}`
    return this.#http.call(`${pathOf(id)}/conversation${query}`, { signal }, isConversationPage)
  }

  /** The bytes of an item of a job: a long text, an image or a file of its messages. */
  item(id: string, item: string, { signal }: CallOptions = {}): Promise<Blob> {
    return this.#http.blob(`${pathOf(id)}/items/${encodeURIComponent(item)}`, signal)
  }

  /** A job that has ended as a fixture, which the provider `replay` plays without the job's vendor. */
  fixture(id: string, { signal }: CallOptions = {}): Promise<Fixture> {
    return this.#http.call(`${pathOf(id)}/fixture`, { signal }, isFixture)
  }

  /** Who is told of the end of the job, and how each attempt went. Empty if nobody is told. */
  async deliveries(id: string, { signal }: CallOptions = {}): Promise<Delivery[]> {
    const { data } = await this.#http.call(`${pathOf(id)}/deliveries`, { signal }, isDeliveryList)
    return data
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
    const { signal, metadata = {}, ...query } = options
    const parameters = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value))
    for (const [name, value] of Object.entries(metadata)) parameters.set(`metadata.${name}`, value)
    return this.#http.call(`/jobs?${parameters}`, { signal }, isJobPage)
  }

  /**
   * The feed: each change of state of the caller's jobs, over one connection that reconnects and resumes by itself. The changes of
   * a job come in order and at least once: those of the last seconds come again after a reconnect, and of several changes while
   * the feed was away only the last one comes. A list may be newer than the changes behind it; a final status never changes. The
   * feed has no end: leave the loop, or abort the signal, which also ends an idle feed.
   * @throws ApiError the server refuses the key or the cursor, or has no feed (status 404)
   * @throws ConnectionError the server could not be reached, and every retry failed
   */
  async *events(options: EventsOptions = {}): AsyncGenerator<JobChange, void> {
    for await (const event of readJobFeed(this.#http, { ...this.#streaming(options), after: options.after })) {
      if ('job' in event) yield event
      else await options.onReady?.(event)
    }
  }

  /** The providers of the server, with their models. */
  providers({ signal }: CallOptions = {}): Promise<ProviderInfo[]> {
    return this.#http.call('/providers', { signal }, isProviderList)
  }

  /** What you may still spend, for each limit that the operator set. Empty if there is none. */
  async budget({ signal }: CallOptions = {}): Promise<BudgetLimit[]> {
    return (await this.#http.call('/budget', { signal }, isBudgetReport)).data
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
    return readJobEvents(this.#http, id, { ...this.#streaming(options), view, after: options.after ?? 0 })
  }

  #streaming({ signal, onReconnect }: StreamOptions) {
    const { maxReconnects = 20, idleTimeoutMs = 45_000 } = this.#options
    return {
      signal,
      onReconnect,
      retries: { maxRetries: maxReconnects, retryDelayMs: this.#retryDelayMs },
      idleTimeoutMs,
    }
  }
}

function pathOf(id: string): string {
  return `/jobs/${encodeURIComponent(id)}`
}
