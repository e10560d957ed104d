import { ApiError } from '../base/api-error.ts'
import { answerLength } from '../jobs/answer/stored-answer.ts'
import { answererOf } from '../jobs/answerer.ts'
import type { Caller } from '../jobs/caller.ts'
import { askedParts } from '../jobs/input/answer-parts.ts'
import type { AskedAnswerPart, AskedCarry, AskedMessage } from '../jobs/input/asked-job.ts'
import { ItemReader } from '../jobs/input/item-reader.ts'
import { readCarry, readMessage } from '../jobs/input/read-message.ts'
import type { StoredJob } from '../jobs/job.ts'
import type { JobService } from '../jobs/job-service.ts'
import { ItemGoneError } from '../jobs/ports/storage-errors.ts'
import { askedAgain } from './asked-again.ts'
import { itemOf, partId } from './door-ids.ts'
import type { EarlierCall } from './earlier-call.ts'
import { callIdsIn, withEarlierCalls } from './earlier-calls.ts'

/** Jobs are read so many at a time, so that one request does not fill the line to the database. */
const LOOKUPS_AT_ONCE = 8
/** In the calls of one request, so many jobs are looked up at most: those that it names last. */
const MAX_JOBS = 1_000
/** Answers of so many UTF-16 code units are kept, so that they are read once. A conversation that has more is refused. */
const MAX_KEPT_LENGTH = 64 * 1024 * 1024

interface Earlier {
  readonly job: StoredJob
  /** The parts of its answer. Undefined are parts that cannot be an input. */
  readonly parts: readonly (AskedAnswerPart | undefined)[]
  /** Those that can. */
  readonly answer: readonly AskedAnswerPart[]
}

/**
 * What a request at a door refers to in earlier jobs of its caller. It is made for one request, and reads each job once.
 * Its methods throw what the service throws, such as `storage-unavailable`, except that unknown jobs are not found.
 */
export class EarlierAnswers {
  readonly #service: Pick<JobService, 'get' | 'getItem'>
  readonly #caller: Caller
  readonly #read = new Map<string, Promise<Earlier | undefined>>()
  #keptLength = 0
  #hasTooMuch = false

  constructor(service: Pick<JobService, 'get' | 'getItem'>, caller: Caller) {
    this.#service = service
    this.#caller = caller
  }

  /**
   * A part of the answer of a job, with what its vendor wants back.
   * @returns undefined if there is none: the job is not there for the caller or has not begun, has fewer parts, is still at
   * this part, or was cut off in this tool call
   */
  async part(jobId: string, index: number): Promise<AskedAnswerPart | undefined> {
    return (await this.#find(jobId))?.parts[index]
  }

  /**
   * A message of the input of a job with all of its content. The prompt of a job without messages is its message 0.
   * @throws ItemGoneError the store lost an item
   */
  async message(jobId: string, index: number): Promise<AskedMessage | undefined> {
    const { job } = (await this.#find(jobId)) ?? {}
    if (!job) return undefined
    if (!job.messages) return index === 0 ? { role: 'user', content: job.prompt } : undefined
    const shown = job.messages[index]
    const items = new ItemReader({ findItem: (item) => this.#findItem(jobId, item) })
    return shown && askedAgain(await readMessage(shown, items), await this.#carriesOf(job, index, items))
  }

  /**
   * Messages with the ids of calls that the vendors gave, in place of those under which doors gave the calls out. A call gets
   * what its vendor wants back, unless it has that, and an answer that called tools its reasoning, see `withReasoning`. Ids of
   * calls that are not found stay as they are. Of two calls with one id of their vendors, the later keeps our id.
   */
  async resolve(messages: readonly AskedMessage[]): Promise<AskedMessage[]> {
    const ids = callIdsIn(messages)
    return withEarlierCalls(messages, ids, await this.#callsOf(ids))
  }

  /** The calls that ids name, by the id. */
  async #callsOf(ids: Iterable<string>): Promise<Map<string, EarlierCall>> {
    const named = [...ids].flatMap((id) => {
      const { jobId, part } = itemOf(id) ?? {}
      return jobId === undefined || part === undefined ? [] : { id, jobId, part }
    })
    const byJob = [...Map.groupBy(named, ({ jobId }) => jobId)].slice(-MAX_JOBS)
    const calls = new Map<string, EarlierCall>()
    for (let start = 0; start < byJob.length; start += LOOKUPS_AT_ONCE) {
      const looked = byJob.slice(start, start + LOOKUPS_AT_ONCE).map(async ([jobId, parts]) => {
        const earlier = await this.#find(jobId)
        for (const { id, part } of parts) {
          const found = earlier?.parts[part]
          if (found?.type !== 'tool-call' || !earlier) continue
          const { callId: vendorId, carry } = found
          const answer = this.#hasTooMuch ? [] : earlier.answer
          calls.set(id, { ownId: partId('call_', jobId, part), vendorId, carry, answer })
        }
      })
      await Promise.all(looked)
    }
    return calls
  }

  /** A carry whose item is gone is left out: the message is whole without it. */
  async #carriesOf(job: StoredJob, message: number, items: ItemReader): Promise<Map<number, AskedCarry>> {
    const carries = new Map<number, AskedCarry>()
    for (const carry of job.carries ?? []) {
      if (carry.message !== message) continue
      try {
        carries.set(carry.part, { provider: carry.provider, value: await readCarry(carry, items) })
      } catch (error) {
        if (!(error instanceof ItemGoneError)) throw error
      }
    }
    return carries
  }

  async #find(jobId: string): Promise<Earlier | undefined> {
    const known = this.#read.get(jobId)
    if (known) return known
    const reading = this.#lookUp(jobId)
    this.#read.set(jobId, reading)
    const earlier = await reading
    if (!earlier || earlier.job.status === 'pending') return earlier
    this.#keptLength += answerLength(earlier.job)
    if (this.#keptLength > MAX_KEPT_LENGTH) {
      this.#read.clear()
      this.#keptLength = 0
      this.#hasTooMuch = true
    }
    return earlier
  }

  async #lookUp(jobId: string): Promise<Earlier | undefined> {
    const job = await unlessUnknown(this.#service.get(jobId, this.#caller))
    if (!job) return undefined
    const parts = partsOf(job)
    return { job, parts, answer: parts.filter((part) => part !== undefined) }
  }

  async #findItem(jobId: string, item: string): Promise<Uint8Array | undefined> {
    return (await unlessUnknown(this.#service.getItem(jobId, item, this.#caller)))?.bytes
  }
}

function partsOf(job: StoredJob): readonly (AskedAnswerPart | undefined)[] {
  if (job.status === 'pending') return []
  const parts = askedParts(job, answererOf(job).provider)
  // The last part of a running job may still grow. A call that is complete does not.
  return job.status === 'running' && parts.at(-1)?.type !== 'tool-call' ? parts.slice(0, -1) : parts
}

/** @returns undefined if there is no such job or item */
async function unlessUnknown<Found>(finding: Promise<Found>): Promise<Found | undefined> {
  try {
    return await finding
  } catch (error) {
    if (error instanceof ApiError && (error.code === 'job-not-found' || error.code === 'item-not-found'))
      return undefined
    throw error
  }
}
