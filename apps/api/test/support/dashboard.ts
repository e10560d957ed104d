import { setTimeout as sleep } from 'node:timers/promises'
import type { JobSummaryResource } from '@promptlab/contract'
import { expect } from 'vitest'
import { FeedReader } from './feed-reader.ts'
import type { Random } from './random.ts'

interface DashboardOptions {
  /** Asked at each connection. */
  readonly url: () => string
  readonly key?: string | undefined
  readonly random: Random
  /** The longest time of a connection in milliseconds. Undefined: it is never left. */
  readonly leaveWithinMs?: number | undefined
}

/** Watches a feed, leaves it at random moments and also when its server is gone, and goes on behind its cursor. */
export class Dashboard {
  readonly #options: DashboardOptions
  /** What each connection told, in order. */
  readonly connections: JobSummaryResource[][] = []
  /** Each job as it was told last. */
  readonly jobs = new Map<string, JobSummaryResource>()
  #feed: FeedReader | undefined
  #cursor: string | undefined

  private constructor(options: DashboardOptions) {
    this.#options = options
  }

  /** Opens the feed, and watches it until `watched` is called. */
  static async open(options: DashboardOptions): Promise<Dashboard> {
    const dashboard = new Dashboard(options)
    await dashboard.#connect()
    return dashboard
  }

  /** Goes on until each of the jobs has been told in its final state. */
  async untilEnded(ids: () => Promise<readonly string[]>): Promise<void> {
    let open: readonly string[] | undefined
    void ids().then((all) => {
      open = all
    })
    const isDone = () => open?.every((id) => hasEnded(this.jobs.get(id))) === true
    while (!isDone()) {
      await this.#read(isDone)
      if (!isDone()) await this.#connect()
    }
    this.#feed?.leave()
  }

  /** What must hold within each connection: a job never goes back, and an ended job does not change. */
  expectOrder(): void {
    for (const told of this.connections) {
      const last = new Map<string, JobSummaryResource>()
      for (const job of told) {
        const before = last.get(job.id)
        expect([job.id, hasEnded(before)]).toEqual([job.id, false])
        expect(job.updatedAt >= (before?.updatedAt ?? '')).toBe(true)
        last.set(job.id, job)
      }
    }
  }

  async #connect(): Promise<void> {
    for (;;) {
      const { url, key } = this.#options
      const feed = await FeedReader.open(url(), { after: this.#cursor, ...(key && { key }) }).catch(() => undefined)
      if (feed) {
        this.#feed = feed
        this.#cursor = feed.cursor
        this.connections.push([])
        return
      }
      await sleep(20)
    }
  }

  async #read(isDone: () => boolean): Promise<void> {
    const { random, leaveWithinMs } = this.#options
    const feed = this.#feed
    const leave = () => feed?.leave()
    const timer = leaveWithinMs === undefined ? undefined : setTimeout(leave, random.below(leaveWithinMs))
    // Jobs may have been told before it was known that they are all.
    const check = setInterval(() => isDone() && leave(), 50)
    try {
      for (let job = await feed?.next(); job; job = await feed?.next()) {
        this.connections.at(-1)?.push(job)
        this.jobs.set(job.id, job)
        this.#cursor = feed?.cursor
        if (isDone()) return
      }
    } catch {
      // The connection broke.
    } finally {
      clearTimeout(timer)
      clearInterval(check)
    }
  }
}

function hasEnded(job: JobSummaryResource | undefined): boolean {
  return job !== undefined && job.status !== 'pending' && job.status !== 'running'
}
