import type { Logger } from '../../base/logger.ts'
import type { JobCheckpoint, JobRepository } from '../ports/job-repository.ts'
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
    const grown = new Map<JobRun, JobCheckpoint>()
    for (const run of this.#runs) {
      const checkpoint = run.checkpoint()
      if (checkpoint) grown.set(run, checkpoint)
    }
    if (grown.size === 0) return
    this.#isStoring = true
    try {
      const stored = await this.#jobs.checkpoint([...grown.values()])
      for (const [run, checkpoint] of grown) {
        if (stored.has(checkpoint.job.id)) run.checkpointStored(checkpoint)
        // One that has ended meanwhile was not lost.
        else if (this.#runs.has(run)) run.lose()
      }
    } catch (error) {
      this.#logger.error({ err: error, runs: grown.size }, 'a checkpoint was not stored')
    } finally {
      this.#isStoring = false
    }
  }
}
