import type { ProviderRegistry } from '@promptlab/providers'
import { storedPieces } from '../answer/stored-pieces.ts'
import { runOf, type StoredJob, type StoredRunningJob } from '../job.ts'
import type { JobQueue } from '../ports/job-queue.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type { TokenLog } from '../ports/token-log.ts'
import { canJoin } from '../run/vendor-run.ts'

interface VendorRunJoinerDeps {
  readonly jobs: JobRepository
  readonly queue: JobQueue
  readonly tokenLog: TokenLog
  readonly providers: ProviderRegistry
  /** How many runs of processes that are gone may go on here at once. The others wait at their vendors. */
  readonly maxJoined: number
}

/** Whether the vendor may go on with the job although the process that ran it is gone. */
export function hasVendorRun(job: StoredJob | undefined): boolean {
  return job?.status === 'running' && job.runState?.vendorRun !== undefined
}

/** Goes on with jobs whose process is gone, and whose vendors' runs can be joined again. */
export class VendorRunJoiner {
  readonly #deps: VendorRunJoinerDeps
  #joined = 0

  constructor(deps: VendorRunJoinerDeps) {
    this.#deps = deps
  }

  get isFull(): boolean {
    return this.#joined >= this.#deps.maxJoined
  }

  /** Whether the job has a run at a vendor that can be joined from here. */
  canJoin({ runState }: StoredRunningJob): boolean {
    const provider = runState?.vendorRun && this.#deps.providers.find(runState.vendorRun.provider)?.provider
    return canJoin(provider)
  }

  /**
   * Goes on with a job that this process took over. Readers keep what they have, and get the rest.
   * @returns false if the job has ended meanwhile, or another process has it
   * @throws StorageUnavailableError
   */
  async join(job: StoredRunningJob): Promise<boolean> {
    const { jobs, queue, tokenLog } = this.#deps
    // From now on this process runs the job.
    if (!(await jobs.replace(job, job))) return false
    const { id, provider, owner } = job
    // The whole answer once more: the log may have lost a part of it, or all.
    tokenLog.takeOver(id, { length: 0, textLength: 0 }, runOf(job))
    for (const { piece, place, part } of storedPieces(job)) tokenLog.append(id, piece, place, part, runOf(job))
    this.#joined++
    void queue.resume({ id, provider, owner }, job).finally(() => {
      this.#joined--
    })
    return true
  }
}
