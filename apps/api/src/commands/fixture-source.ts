import { Fixture, isFinal, Liveness, Problem, type ProblemCode } from '@promptlab/contract'
import { ApiError } from '../base/api-error.ts'
import { fixtureOf } from '../jobs/fixture/fixture-of.ts'
import { wholeJobs } from '../jobs/history/whole-jobs.ts'
import type { ConversationStore } from '../jobs/ports/job-repository.ts'
import { readOneByOne } from '../jobs/ports/read-one-by-one.ts'
import { ItemGoneError } from '../jobs/ports/storage-errors.ts'
import type { JobSource } from '../storage/job-import.ts'
import { ExportError } from './export-error.ts'

/** Where the fixtures of jobs come from. */
export interface FixtureSource {
  /** For messages. */
  readonly name: string
  /** @throws ExportError there is no such job, it has not ended, or it cannot be read */
  fixture(jobId: string): Promise<Fixture>
  close(): Promise<void>
}

/** How long a server may take to say that it is there, and to send a fixture, in milliseconds. */
const TIMEOUT_MS = { probe: 5_000, fixture: 60_000 }

/** Whether a PromptLab server answers at an address. */
export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(TIMEOUT_MS.probe) })
    return Liveness.safeParse(await response.json()).success
  } catch {
    return false
  }
}

/** Fixtures from a running server. */
export class ServerFixtures implements FixtureSource {
  readonly name: string
  readonly #key: string | undefined

  /** @param key of the caller whose jobs they are. Undefined: the server needs none */
  constructor(url: string, key: string | undefined) {
    this.name = url
    this.#key = key
  }

  async fixture(jobId: string): Promise<Fixture> {
    const response = await this.#ask(jobId)
    const body: unknown = await response.json().catch(() => undefined)
    if (!response.ok) throw new ExportError(this.#wordsOf(jobId, response.status, body))
    const { data } = Fixture.safeParse(body)
    if (!data) throw new ExportError(`${this.name} sent a fixture of another version. Use the version of the server.`)
    return data
  }

  async close(): Promise<void> {}

  async #ask(jobId: string): Promise<Response> {
    try {
      return await fetch(`${this.name}/jobs/${encodeURIComponent(jobId)}/fixture`, {
        headers: this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` },
        signal: AbortSignal.timeout(TIMEOUT_MS.fixture),
      })
    } catch {
      throw new ExportError(`${this.name} does not answer any more.`)
    }
  }

  #wordsOf(jobId: string, status: number, body: unknown): string {
    const { data: problem } = Problem.safeParse(body)
    if (!problem) return `${this.name} answered ${status}, and not as a PromptLab server does. Check --url.`
    const words: Partial<Record<ProblemCode, string>> = {
      unauthorized: `${this.name} needs a key: give --key, or set PROMPTLAB_API_KEY.`,
      'job-not-found': noSuchJob(jobId, this.name),
      'route-not-found': `${this.name} is of a version without fixtures. Upgrade it first.`,
    }
    return words[problem.code] ?? problem.detail ?? problem.title
  }
}

/** Fixtures from a job store that no server uses. */
export class StoreFixtures implements FixtureSource {
  readonly name: string
  readonly #store: Pick<JobSource, 'find' | 'findItem' | 'close'>
  readonly #jobs: ConversationStore

  constructor(name: string, store: Pick<JobSource, 'find' | 'findItem' | 'close'>) {
    this.name = name
    this.#store = store
    const records = readOneByOne(store)
    this.#jobs = { ...records, findEach: async (ids) => await wholeJobs(await records.findEach(ids), records) }
  }

  async fixture(jobId: string): Promise<Fixture> {
    const [job] = await this.#jobs.findEach([jobId])
    // A caller asked not to store it, so it is shown to nobody.
    if (!job || job.deleteAfter !== undefined) throw new ExportError(noSuchJob(jobId, this.name))
    if (!isFinal(job)) throw new ExportError(`The job is ${job.status}. Start the server, and let the job end.`)
    try {
      return await fixtureOf(job, this.#jobs)
    } catch (error) {
      if (error instanceof ApiError || error instanceof ItemGoneError) throw new ExportError(error.message)
      throw error
    }
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}

function noSuchJob(jobId: string, where: string): string {
  return `There is no job ${jobId} in ${where}, or it is not yours.`
}
