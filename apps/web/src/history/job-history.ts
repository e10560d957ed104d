import { ApiError, type JobPage, type JobSummary, type ListOptions } from '@promptlab/client'
import { FramedStore } from '@promptlab/react'
import { client, explain } from '../api.ts'
import type { HistoryQuery } from './history-filters.ts'
import { matches } from './job-match.ts'
import { isNewer, type JobRows, NO_ROWS, withChange, withFirstPage, withNextPage, withQuery } from './job-rows.ts'
import { LiveFeed } from './live-feed.ts'

/** What the history knows. */
export interface HistoryView extends JobRows {
  /** Whether the server has told the jobs of this query. */
  readonly isListed: boolean
  readonly isLoadingMore: boolean
  readonly fault: HistoryFault | undefined
  /** Why the jobs are not live. */
  readonly notice: string | undefined
}

/** Why the jobs could not be loaded. */
interface HistoryFault {
  readonly message: string
  /** Whether the server does not take the filters. */
  readonly isRefused: boolean
}

/** A job up to which a list is loaded. */
export type JobPosition = Pick<JobSummary, 'id' | 'createdAt'>

const PAGE = 50
const LARGE_PAGE = 100
/** How many pages are loaded to come to the place at which the page was left. */
const MOST_RESTORED_PAGES = 20
/** How many rows changes may add before the list begins anew. */
const MOST_NEW_ROWS = 200
/** The shortest time between lists that are requested because a job may match a search, in milliseconds. */
const SEARCH_AGAIN_MS = 2_000

/**
 * The list of jobs, which the feed keeps up to date: opened first, listed once the feed is ready, so that no change is missed in
 * between. While there is no feed, `refresh` lists the jobs.
 */
export class JobHistory extends FramedStore<HistoryView> {
  /** The changes that came while a list was requested; one entry for each request. */
  readonly #changesMeanwhile = new Set<JobSummary[]>()
  readonly #feed = new LiveFeed({
    onReady: async () => {
      this.set({ notice: undefined })
      await this.#attempt(this.#list())
    },
    onChange: (job) => this.#apply(job),
    onLost: () => this.refresh(),
    onTrouble: (error) => this.set({ notice: explain(error).message }),
    onRefused: (error) => this.#fail(error, { notice: undefined }),
  })
  #listing = new AbortController()
  #paging = new AbortController()
  #mostRows = MOST_NEW_ROWS
  #isScrolled = false
  #searchTimer: ReturnType<typeof setTimeout> | undefined
  #place: JobPosition | undefined

  /** @param place the first list goes on to this job, or as far as a list may go */
  constructor(query: HistoryQuery, place?: JobPosition) {
    super({ ...NO_ROWS, query, isListed: false, isLoadingMore: false, fault: undefined, notice: undefined })
    this.#place = place
  }

  /**
   * Keeps the list up to date.
   * @returns stops that
   */
  readonly open = (): (() => void) => {
    const close = this.#feed.open()
    return () => {
      close()
      this.#leave()
      clearTimeout(this.#searchTimer)
      this.#searchTimer = undefined
      this.forget()
    }
  }

  /** Opens the feed again, which also lists the jobs again. */
  readonly restart = (): void => this.#feed.restart()

  /** Lists the jobs again, if the feed does not tell what has changed. */
  refresh(): void {
    if (this.#feed.isLost) void this.#attempt(this.#list())
  }

  /** Shows other jobs. Those that are known to match stay until the server has answered. */
  filter(query: HistoryQuery): void {
    if (JSON.stringify(query) === JSON.stringify(this.next.query)) return
    this.#leave()
    this.#place = undefined
    this.set({ ...withQuery(this.next, query), isListed: false })
    void this.#attempt(this.#list(true))
  }

  /** Loads the next page, unless one is under way. */
  readonly more = (): void => void this.#attempt(this.#more(PAGE))

  /** Says whether the list stands at its top. Only there it may begin anew, as it loses the place otherwise. */
  scrolled(isScrolled: boolean): void {
    this.#isScrolled = isScrolled
    this.#limit()
  }

  #leave(): void {
    this.#listing.abort()
    this.#paging.abort()
  }

  #apply(job: JobSummary): void {
    for (const changes of this.#changesMeanwhile) changes.push(job)
    this.set(withChange(this.next, job))
    this.#limit()
    const isKnown = this.next.jobs.some(({ id }) => id === job.id)
    if (!isKnown && matches(this.next.query, job) === undefined) this.#searchSoon()
  }

  /** Only the server knows whether a job matches a search. */
  #searchSoon(): void {
    this.#searchTimer ??= setTimeout(() => {
      this.#searchTimer = undefined
      void this.#attempt(this.#list())
    }, SEARCH_AGAIN_MS)
  }

  /** A page that is open for days does not grow. */
  #limit(): void {
    if (this.next.jobs.length > this.#mostRows && !this.#isScrolled) void this.#attempt(this.#list(true))
  }

  /**
   * Requests the first page. Of several requests, only the last one counts.
   * @param isAnew forgets the rows of later pages
   */
  async #list(isAnew = false): Promise<void> {
    this.#listing.abort()
    this.#listing = new AbortController()
    const { signal } = this.#listing
    this.#mostRows = Number.POSITIVE_INFINITY
    const limit = this.#place ? LARGE_PAGE : PAGE
    await this.#load({ limit }, signal, (rows, page) => withFirstPage(isAnew ? { ...rows, jobs: [] } : rows, page))
    const place = this.#place
    for (let pages = 1; place && pages < MOST_RESTORED_PAGES && !signal.aborted; pages++) {
      const last = this.next.jobs.at(-1)
      if (this.next.cursor === null || !last || !isNewer(last, place)) break
      await this.#more(LARGE_PAGE)
    }
    if (signal.aborted) return
    this.#place = undefined
    this.set({ isListed: true })
  }

  async #more(limit: number): Promise<void> {
    const { query, cursor, isLoadingMore } = this.next
    if (cursor === null || isLoadingMore) return
    this.#paging = new AbortController()
    this.set({ isLoadingMore: true })
    try {
      await this.#load({ limit, cursor }, this.#paging.signal, (rows, page) =>
        // Another filter or list may have come meanwhile.
        rows.query === query && rows.cursor === cursor ? withNextPage(rows, page) : rows,
      )
    } finally {
      this.set({ isLoadingMore: false })
    }
  }

  /** Loads a page and merges it, unless the signal aborts. */
  async #load(
    page: Pick<ListOptions, 'limit'> & { readonly cursor?: string },
    signal: AbortSignal,
    merge: (rows: JobRows, page: JobPage) => JobRows,
  ): Promise<void> {
    const changes: JobSummary[] = []
    this.#changesMeanwhile.add(changes)
    try {
      const loaded = await client.listPage({ ...this.next.query, ...page, signal })
      const rows = changes.reduce(withChange, merge(this.next, loaded))
      this.#mostRows = rows.jobs.length + MOST_NEW_ROWS
      this.set({ ...rows, fault: undefined })
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      this.#changesMeanwhile.delete(changes)
    }
  }

  /** Shows the fault if the work fails. */
  #attempt(work: Promise<void>): Promise<void> {
    return work.catch((error: unknown) => this.#fail(error))
  }

  #fail(error: unknown, change: Partial<HistoryView> = {}): void {
    const isRefused = error instanceof ApiError && error.status === 400 && Object.keys(this.next.query).length > 0
    this.set({ ...change, fault: { message: explain(error).message, isRefused } })
  }
}
