import { type Conversation, isFinal, type JobListQuery, type JobSummary } from '@promptlab/contract'
import type { Caller } from '../caller.ts'
import type { StoredJob } from '../job.ts'
import { jobNotFound } from '../job-not-found.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type { FoundJobs, JobQuery } from '../ports/stored-values.ts'
import type { WaitingClients } from '../repeats/waiting-clients.ts'
import { askedWords } from '../search/words.ts'
import { decodePosition, encodePosition } from './list-cursor.ts'

interface JobHistoryDeps {
  readonly jobs: Pick<JobRepository, 'list' | 'search' | 'findTurns'>
  readonly clients: Pick<WaitingClients, 'seen'>
}

interface JobSummaryPage {
  readonly data: JobSummary[]
  readonly nextCursor: string | null
}

/** A job and those before it in its conversation. */
interface JobTurns {
  readonly jobs: StoredJob[]
  readonly earlier: Conversation['earlier']
}

/** The bytes that the jobs of a conversation take in an answer, about. */
const MAX_CONVERSATION_BYTES = 4_000_000

/** Finds jobs again: in lists, by a search, and with the conversation that they belong to. */
export class JobHistory {
  readonly #deps: JobHistoryDeps

  constructor(deps: JobHistoryDeps) {
    this.#deps = deps
  }

  /**
   * The job and those before it that it goes on with, oldest first: the newest `limit` of them, or fewer if they are long.
   * @throws ApiError `job-not-found`
   */
  async conversation(id: string, limit: number, caller: Caller): Promise<JobTurns> {
    const query = { id, owner: caller, limit, maxBytes: MAX_CONVERSATION_BYTES }
    const { jobs, hasEarlier } = await this.#deps.jobs.findTurns(query)
    const [first] = jobs
    if (!first) throw jobNotFound()
    for (const job of jobs) if (!isFinal(job)) this.#deps.clients.seen(job)
    const isBegin = first.previousJobId === undefined
    return { jobs, earlier: hasEarlier ? 'more' : isBegin ? 'none' : 'deleted' }
  }

  /**
   * A page of jobs, newest first. Jobs that are added while a client pages do not shift the later pages.
   * @throws ApiError `invalid-request` the cursor is not one of ours
   */
  async list({ limit, cursor, search, ...asked }: JobListQuery, owner: Caller): Promise<JobSummaryPage> {
    const after = cursor === undefined ? undefined : decodePosition(cursor)
    const filters = { ...asked, createdFrom: utc(asked.createdFrom), createdBefore: utc(asked.createdBefore), owner }
    // One job more than asked for tells whether there is another page.
    const { jobs, goesOnAt } = await this.#findListed({ limit: limit + 1, after, ...filters }, search)
    const data = jobs.slice(0, limit)
    const end = jobs.length > limit ? data.at(-1) : goesOnAt
    return { data, nextCursor: end ? encodePosition(end) : null }
  }

  async #findListed(query: JobQuery, search: string | undefined): Promise<FoundJobs> {
    const words = search === undefined ? [] : askedWords(search)
    if (words.length > 0) return await this.#deps.jobs.search({ ...query, words })
    return { jobs: await this.#deps.jobs.list(query) }
  }
}

/** A time as records have it: in UTC, with milliseconds. */
function utc(time: string | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString()
}
