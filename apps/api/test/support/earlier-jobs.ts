import { ApiError } from '../../src/base/api-error.ts'
import type { StoredPart } from '../../src/jobs/answer/stored-answer.ts'
import type { AskedJob } from '../../src/jobs/input/asked-job.ts'
import { requestOf } from '../../src/jobs/input/job-request.ts'
import { finishJob, newJob, type StoredJob, type StoredRunningJob, startJob } from '../../src/jobs/job.ts'

/** The jobs of one caller, ann, as the service gives them. It counts how often each is read. */
export class EarlierJobs {
  readonly reads: string[] = []
  readonly #jobs = new Map<string, StoredJob>()
  readonly #items = new Map<string, Uint8Array>()

  ask(id: string, asked: Partial<AskedJob> = { prompt: 'Hello' }): StoredRunningJob {
    const { request, items } = requestOf({ provider: 'gemini', model: 'm', ...asked })
    const job = newJob(id, request, 0)
    for (const item of items) this.#items.set(item.id, item.bytes)
    this.#jobs.set(id, job)
    return startJob(job, 1)
  }

  run(id: string, parts: StoredPart[], result = '', asked?: Partial<AskedJob>): StoredRunningJob {
    const job = { ...this.ask(id, asked), parts, result }
    this.#jobs.set(id, job)
    return job
  }

  finish(id: string, parts: StoredPart[], result = '', asked?: Partial<AskedJob>): void {
    const job = this.run(id, parts, result, asked)
    this.#jobs.set(id, finishJob(job, job, { status: 'completed' }, 2))
  }

  async get(id: string, caller: string | undefined): Promise<StoredJob> {
    this.reads.push(id)
    const job = this.#jobs.get(id)
    if (!job || caller !== 'ann') throw new ApiError('job-not-found', 'There is no job with this id.')
    return job
  }

  async getItem(id: string, item: string, caller: string | undefined) {
    await this.get(id, caller)
    const bytes = this.#items.get(item)
    if (!bytes) throw new ApiError('item-not-found', 'The job has no item with this id.')
    return { bytes, mediaType: 'text/plain' }
  }
}

/** A complete call of a tool, as an answer has it. */
export function call(callId: string, carry?: string): StoredPart {
  const carried = carry !== undefined && { carry }
  return { type: 'tool-call', callId, name: 'look', arguments: '{}', ended: true, ...carried }
}
