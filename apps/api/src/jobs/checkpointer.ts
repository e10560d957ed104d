import type { Logger } from '../logger.ts'
import type { JobRepository } from './job-repository.ts'
import type { JobRun } from './job-run.ts'

/** How often texts are stored while they grow. With the time of a write this stays well below a second. */
const CHECKPOINT_INTERVAL_MS = 500

/** Stores the growing texts of all runs, those that have grown together at once, so that a crash loses a second at most. */
export class Checkpointer {
  readonly #jobs: JobRepository
  readonly #logger: Logger
  readonly #runs = new Set<JobRun>()
  #timer: NodeJS.Timeout | undefined
  #isStoring = false

  constructor(jobs: JobRepository, logger: Logger) {
    this.#jobs = jobs
    this.#logger = logger
  }

  add(run: JobRun): void {
    this.#runs.add(run)
    this.#timer ??= setInterval(() => this.#storeAll(), CHECKPOINT_INTERVAL_MS)
  }

  delete(run: JobRun): void {
    this.#runs.delete(run)
    if (this.#runs.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #storeAll(): Promise<void> {
    // A store that is slow gets no second round on top of the first.
    if (this.#isStoring) return
    this.#isStoring = true
    const outcomes = await Promise.allSettled([...this.#runs].map((run) => this.#store(run)))
    this.#isStoring = false
    const failure = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failure) this.#logger.error({ err: failure.reason, runs: outcomes.length }, 'a checkpoint was not stored')
  }

  async #store(run: JobRun): Promise<void> {
    const checkpoint = run.checkpoint()
    if (checkpoint && (await this.#jobs.replace(checkpoint, 'running'))) run.checkpointStored(checkpoint)
  }
}
