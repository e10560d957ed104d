import { ApiError, type JobPage, type JobStatus, type JobSummary, type Reconnect } from '@promptlab/client'
import { client, explain, feedClient } from './api.ts'
import { FramedView } from './framed-view.ts'
import { type JobRows, NO_ROWS, withChange, withFirstPage, withNextPage, without } from './job-rows.ts'

/** What the history shows. */
export interface HistoryView extends JobRows {
  /** Whether the server has told the jobs in this status. */
  readonly isListed: boolean
  /** Why the jobs could not be loaded or changed. */
  readonly fault: string | undefined
  /** Why the jobs are not live. */
  readonly notice: string | undefined
}

interface Feed {
  readonly leaving: AbortController
  state: 'opening' | 'live' | 'lost'
}

/** How long a hidden page keeps its feed, in milliseconds. Over HTTP/1.1 a browser opens six connections to a server, for all its tabs together. */
const HIDDEN_MS = 10_000
/** How long the list waits for the feed, in milliseconds. Some proxies pass nothing on before a response has ended. */
const PATIENCE_MS = 2_000
/** How many rows changes may add before the list begins anew. */
const MOST_NEW_ROWS = 200

/**
 * The list of jobs, which the feed keeps up to date: opened first, listed once the feed is ready, so that no change is missed in
 * between. While there is no feed, `refresh` lists the jobs.
 */
export class JobHistory extends FramedView<HistoryView> {
  /** Jobs that this page has deleted. A list or a change that was under way must not bring them back. */
  readonly #deleted = new Set<string>()
  /** The changes that came while a list was requested; one entry for each request. */
  readonly #changesMeanwhile = new Set<JobSummary[]>()
  #feed: Feed | undefined
  #listing = new AbortController()
  #mostRows = MOST_NEW_ROWS

  constructor() {
    super({ ...NO_ROWS, isListed: false, fault: undefined, notice: undefined })
  }

  /**
   * Opens the feed while the page is visible.
   * @returns closes the feed
   */
  readonly open = (): (() => void) => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const adapt = () => {
      clearTimeout(timer)
      if (document.visibilityState === 'visible') this.#start()
      else timer = setTimeout(() => this.#stop(), HIDDEN_MS)
    }
    adapt()
    document.addEventListener('visibilitychange', adapt)
    return () => {
      document.removeEventListener('visibilitychange', adapt)
      clearTimeout(timer)
      this.#stop()
      this.forget()
    }
  }

  /** Opens the feed again, which also lists the jobs again. */
  readonly restart = (): void => {
    this.#stop()
    this.#start()
  }

  /** Lists the jobs again, if the feed does not tell what has changed. */
  refresh(): void {
    if (this.#feed?.state === 'lost') void this.#attempt(this.#list())
  }

  filter(status: JobStatus | undefined): void {
    const jobs = this.next.jobs.filter((job) => status === undefined || job.status === status)
    this.set({ status, jobs, cursor: null, isListed: false })
    void this.#attempt(this.#list(true))
  }

  async more(): Promise<void> {
    const { status, cursor } = this.next
    if (cursor === null) return
    const load = this.#load({ ...(status && { status }), cursor }, (rows, page) =>
      // Another filter or list may have come meanwhile.
      rows.status === status && rows.cursor === cursor ? withNextPage(rows, page) : rows,
    )
    await this.#attempt(load)
  }

  /** @returns whether the job is deleted now */
  async delete(id: string): Promise<boolean> {
    const deleting = client.delete(id).catch((error: unknown) => {
      // Another tab has deleted the job.
      if (!isMissing(error)) throw error
    })
    if (!(await this.#attempt(deleting))) return false
    this.#deleted.add(id)
    this.set(without(this.next, id))
    return true
  }

  #start(): void {
    if (this.#feed) return
    this.#feed = { leaving: new AbortController(), state: 'opening' }
    void this.#follow(this.#feed)
  }

  #stop(): void {
    this.#feed?.leaving.abort()
    this.#feed = undefined
    this.#listing.abort()
  }

  async #follow(feed: Feed): Promise<void> {
    const { signal } = feed.leaving
    const timer = setTimeout(() => this.#lose(feed), PATIENCE_MS)
    try {
      const changes = feedClient.events({
        signal,
        onReady: async () => {
          clearTimeout(timer)
          feed.state = 'live'
          this.set({ notice: undefined })
          await this.#attempt(this.#list())
        },
        onReconnect: (reconnect) => this.#lose(feed, reconnect),
      })
      for await (const { job } of changes) this.#apply(job)
    } catch (error) {
      if (signal.aborted) return
      // An older server has no feed.
      if (isMissing(error)) return this.#lose(feed)
      feed.state = 'lost'
      this.set({ fault: explain(error).message, notice: undefined })
    } finally {
      clearTimeout(timer)
    }
  }

  /** The feed cannot be opened now. Nobody waits for it any more to list the jobs. */
  #lose(feed: Feed, reconnect?: Reconnect): void {
    const wasOpening = feed.state === 'opening'
    feed.state = 'lost'
    // A connection that breaks once is open again before anybody has read about it.
    if (reconnect && (reconnect.failures > 1 || reconnect.error instanceof ApiError))
      this.set({ notice: explain(reconnect.error).message })
    if (wasOpening) this.refresh()
  }

  #apply(job: JobSummary): void {
    for (const changes of this.#changesMeanwhile) changes.push(job)
    this.set(this.#shown(withChange(this.next, job)))
    if (this.next.jobs.length > this.#mostRows) void this.#attempt(this.#list(true))
  }

  /**
   * Requests the first page. Of several requests, only the last one counts.
   * @param isAnew forgets the rows of later pages
   */
  async #list(isAnew = false): Promise<void> {
    this.#listing.abort()
    this.#listing = new AbortController()
    const { signal } = this.#listing
    const { status } = this.next
    this.#mostRows = Number.POSITIVE_INFINITY
    try {
      await this.#load({ ...(status && { status }), signal }, (rows, page) =>
        withFirstPage(isAnew ? { ...rows, jobs: [] } : rows, page),
      )
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  async #load(
    query: Parameters<typeof client.listPage>[0],
    merge: (rows: JobRows, page: JobPage) => JobRows,
  ): Promise<void> {
    const changes: JobSummary[] = []
    this.#changesMeanwhile.add(changes)
    try {
      const page = await client.listPage(query)
      const rows = this.#shown(changes.reduce(withChange, merge(this.next, page)))
      this.#mostRows = rows.jobs.length + MOST_NEW_ROWS
      this.set({ ...rows, isListed: true, fault: undefined })
    } finally {
      this.#changesMeanwhile.delete(changes)
    }
  }

  #shown(rows: JobRows): JobRows {
    return { ...rows, jobs: rows.jobs.filter(({ id }) => !this.#deleted.has(id)) }
  }

  /** Shows the fault if the work fails; returns whether it succeeded. */
  #attempt(work: Promise<void>): Promise<boolean> {
    return work.then(
      () => true,
      (error: unknown) => {
        this.set({ fault: explain(error).message })
        return false
      },
    )
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404
}
