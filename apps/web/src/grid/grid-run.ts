import { ApiError, type Job, type JobSummary } from '@promptlab/client'
import { FramedStore } from '@promptlab/react'
import { client, explain } from '../api.ts'
import { onGone, tellGone } from '../gone-jobs.ts'
import { LiveFeed } from '../history/live-feed.ts'
import {
  type CellJob,
  cellAt,
  cellJobOf,
  cellsOf,
  emptyGrid,
  type Grid,
  isEnded,
  withJob,
  withoutJob,
} from './cells.ts'
import { type GridPlan, placesOf, requestOf } from './grid-plan.ts'
import { JobMaker } from './job-maker.ts'
import { TextLoader } from './text-loader.ts'

/** What is shown of a grid. */
export interface GridView {
  readonly grid: Grid
  /** Whether the server has told all jobs. */
  readonly isListed: boolean
  readonly isMaking: boolean
  readonly isStopping: boolean
  /** Why jobs could not be created, run again or cancelled. */
  readonly fault: string | undefined
  /** Why the jobs could not be listed. */
  readonly listFault: string | undefined
  /** What is waited for. */
  readonly notice: string | undefined
}

/** How often running cells that are seen are loaded, in milliseconds. */
const POLL_MS = 2_000

/** A grid of jobs: creates them, follows them, stops them. */
export class GridRun extends FramedStore<GridView> {
  readonly id: string
  readonly plan: GridPlan | undefined
  readonly #loader = new TextLoader({
    onJob: (job) => this.#apply(job),
    onFault: (id, error) => this.#loadFailed(id, error),
  })
  readonly #feed = new LiveFeed({
    onReady: async () => {
      this.set({ notice: undefined })
      await this.#list()
    },
    onChange: (job) => this.#apply(job),
    onLost: () => void this.#list(),
    onTrouble: (error) => this.set({ notice: `${explain(error).message} The grid goes on when it is back.` }),
    onRefused: (error) => this.#listFailed(error),
  })
  #maker: JobMaker | undefined
  #making: Promise<void> = Promise.resolve()
  #seen: ReadonlySet<number> = new Set()
  #leaving = new AbortController()
  #isWhole = false
  #isRefused = false

  constructor(id: string, plan: GridPlan | undefined) {
    const nothing = { isListed: false, isMaking: false, isStopping: false, fault: undefined, listFault: undefined }
    super({ grid: emptyGrid(plan), ...nothing, notice: undefined })
    this.id = id
    this.plan = plan
  }

  /**
   * Follows the jobs.
   * @returns stops that; jobs that are being created are created nevertheless
   */
  readonly open = (): (() => void) => {
    this.#leaving = new AbortController()
    const close = this.#feed.open()
    const leave = onGone((ids) => this.#forgetJobs(ids))
    const timer = setInterval(() => this.#poll(), POLL_MS)
    return () => {
      close()
      leave()
      clearInterval(timer)
      this.#leaving.abort()
      this.#loader.stop()
      this.forget()
    }
  }

  /** Asks the server again, as with another key. */
  readonly restart = (): void => {
    this.#isRefused = false
    this.#feed.restart()
  }

  /** Says which rows are on the screen. Only their texts are loaded. */
  see(rows: ReadonlySet<number>): void {
    this.#seen = rows
    this.#want()
  }

  /** Creates the jobs of the plan that do not exist. */
  async createMissing(): Promise<void> {
    const { plan, id } = this
    if (!plan || this.#maker) return
    const places = placesOf(plan).filter((place) => !cellAt(this.next.grid, place))
    await this.#make(
      places.map((place) => () => {
        const request = requestOf(id, plan, place)
        if (!request) throw new Error('The plan of the grid has no such cell.')
        // Every tab that creates this cell names it by the same key, so that there is one job.
        return client.create(request, { idempotencyKey: `grid-${id}-${place.row}-${place.column}` })
      }),
    )
  }

  /** Runs jobs that have failed again, each by a new job that takes its cell. */
  async rerun(jobs: readonly CellJob[]): Promise<void> {
    if (this.#maker) return
    await this.#make(
      jobs.map(
        (job) => () =>
          client.rerun(
            job.id,
            { ...(job.metadata && { metadata: { ...job.metadata } }) },
            { idempotencyKey: `grid-rerun-${job.id}` },
          ),
      ),
    )
  }

  /** Creates no more jobs, and cancels those that go on. */
  async stop(): Promise<void> {
    this.set({ isStopping: true })
    this.#maker?.stop()
    while (this.#maker) await this.#making
    const running = cellsOf(this.next.grid).filter(({ job }) => !isEnded(job))
    const canceller = new JobMaker({ onJob: (job) => this.#apply(job), onWait: (error) => this.#waits(error) })
    await canceller
      .make(
        running.map(
          ({ job }) =>
            () =>
              client.cancel(job.id),
        ),
      )
      .catch((error: unknown) => this.#fail(error))
    this.set({ isStopping: false })
  }

  /** Loads the texts of all cells, as for a file. */
  async loadAll(): Promise<Grid> {
    this.#isWhole = true
    this.#want()
    await this.#loader.settled()
    this.#isWhole = false
    return this.next.grid
  }

  #make(creations: readonly (() => Promise<Job>)[]): Promise<void> {
    const maker = new JobMaker({
      onJob: (job) => this.#apply(job),
      onWait: (error) => this.#waits(error),
    })
    this.#maker = maker
    this.set({ isMaking: true, fault: undefined })
    this.#making = maker
      .make(creations)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#maker = undefined
        this.set({ isMaking: false })
      })
    return this.#making
  }

  #waits(error: unknown): void {
    const notice = error === undefined ? undefined : `${explain(error).message} The page tries again by itself.`
    if (notice !== this.next.notice) this.set({ notice })
  }

  #apply(job: Job | JobSummary): void {
    if (job.metadata?.['grid'] !== this.id) return
    // A job of a list has no answer.
    const text = 'result' in job ? job.result : undefined
    const grid = withJob(this.next.grid, cellJobOf(job), text)
    if (grid === this.next.grid) return
    this.set({ grid })
    if (text === undefined) this.#want()
  }

  async #list(): Promise<void> {
    const { signal } = this.#leaving
    try {
      for await (const job of client.list({ metadata: { grid: this.id }, limit: 100, signal })) this.#apply(job)
      this.set({ isListed: true, listFault: undefined })
      this.#want()
    } catch (error) {
      if (!signal.aborted) this.#listFailed(error)
    }
  }

  /** Loads the texts that are missing in the rows on the screen. */
  #want(withRunning = false): void {
    const rows = this.next.grid.rows.filter((_, row) => this.#isWhole || this.#seen.has(row))
    const cells = rows.flatMap((row) => row.cells.flatMap((cell) => cell ?? []))
    const wanted = cells.filter(({ job, isWhole }) =>
      isEnded(job) ? !isWhole : withRunning && job.status === 'running',
    )
    this.#loader.want(wanted.map(({ job }) => job.id))
  }

  #poll(): void {
    if (document.visibilityState !== 'visible') return
    const goesOn = cellsOf(this.next.grid).some(({ job }) => !isEnded(job))
    if (this.#feed.isLost && !this.#isRefused && (goesOn || !this.next.isListed)) void this.#list()
    this.#want(true)
  }

  #loadFailed(id: string, error: unknown): void {
    if (error instanceof ApiError && error.status === 404) tellGone([id])
    else explain(error)
  }

  #forgetJobs(ids: readonly string[]): void {
    const grid = ids.reduce(withoutJob, this.next.grid)
    if (grid !== this.next.grid) this.set({ grid })
  }

  #listFailed(error: unknown): void {
    // A refusal, as of a key, is not over by itself.
    this.#isRefused = error instanceof ApiError && error.status < 500
    this.set({ listFault: explain(error).message })
  }

  #fail(error: unknown): void {
    this.set({ fault: explain(error).message })
  }
}
