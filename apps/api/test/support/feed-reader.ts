import { FeedJobEvent, FeedReadyEvent, type JobSummaryResource } from '@promptlab/contract'
import { onTestFinished } from 'vitest'
import { StreamReader } from './job-client.ts'

/** Where a feed is opened. */
interface FeedStart {
  /** The cursor. */
  readonly after?: string | undefined
  /** The API key. */
  readonly key?: string
}

/** A reader of `GET /events`. It leaves when the test ends. */
export class FeedReader {
  readonly #stream: StreamReader
  /** The id of the last event that was read. */
  cursor: string

  private constructor(stream: StreamReader, cursor: string) {
    this.#stream = stream
    this.cursor = cursor
  }

  /** Opens a feed and reads its first event. */
  static async open(url: string, { after, key }: FeedStart = {}): Promise<FeedReader> {
    const query = after === undefined ? '' : `?after=${after}`
    const stream = await StreamReader.openAt(`${url}/events${query}`, key ? { authorization: `Bearer ${key}` } : {})
    onTestFinished(() => stream.leave())
    const { status, headers } = stream.response
    if (status !== 200) throw new Error(`GET /events answered ${status}`)
    if (headers.get('content-type') !== 'text/event-stream; charset=utf-8') throw new Error('Not a feed')
    const [first, ready] = [await stream.next(), await stream.next()]
    if (first?.retry === undefined) throw new Error(`Expected retry, got ${JSON.stringify(first)}`)
    const { id } = FeedReadyEvent.parse({ ...ready, data: JSON.parse(ready?.data ?? '') })
    return new FeedReader(stream, id)
  }

  /** The next job, or `undefined` at the end of the response. Comments are skipped. */
  async next(): Promise<JobSummaryResource | undefined> {
    for (;;) {
      const frame = await this.#stream.next()
      if (!frame) return undefined
      if (frame.data === undefined) continue
      const { id, data } = FeedJobEvent.parse({ ...frame, data: JSON.parse(frame.data) })
      this.cursor = id
      return data
    }
  }

  /** Reads up to the first job that is as it should be; all that were read. */
  async until(isWanted: (job: JobSummaryResource) => boolean): Promise<JobSummaryResource[]> {
    const jobs: JobSummaryResource[] = []
    for (;;) {
      const job = await this.next()
      if (!job) throw new Error(`The feed ended after ${jobs.length} jobs`)
      jobs.push(job)
      if (isWanted(job)) return jobs
    }
  }

  /** Breaks the connection. */
  leave(): void {
    this.#stream.leave()
  }
}
