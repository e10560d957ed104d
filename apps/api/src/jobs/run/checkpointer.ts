import type { Logger } from '../../base/logger.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type { JobRun } from './job-run.ts'
import type { RunCheckpoint } from './run-checkpoint.ts'

/** How often growing answers are stored. With the time of a write this stays well below one second. */
const CHECKPOINT_INTERVAL_MS = 500

/**
 * Stores the growing answers of all runs in one write, so that a crash loses at most one second of them. While the store does not
 * take them, the runs are held back: what they publish must not run further ahead of the store than that.
 */
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
    this.#timer ??= setInterval(() => this.#tick(), CHECKPOINT_INTERVAL_MS)
  }

  delete(run: JobRun): void {
    this.#runs.delete(run)
    if (this.#runs.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #tick(): void {
    // Other processes may have taken over the jobs that run here.
    if (!this.#jobs.holdsRuns()) for (const run of this.#runs) run.lose()
    // A slow store gets no second write before it has answered the first.
    if (this.#isStoring) this.#holdRuns()
    else void this.#storeAll()
  }

  #holdRuns(): void {
    for (const run of this.#runs) run.hold()
  }

  #releaseRuns(): void {
    for (const run of this.#runs) run.release()
  }

  async #storeAll(): Promise<void> {
    const grown = new Map<JobRun, RunCheckpoint>()
    for (const run of this.#runs) {
      const checkpoint = run.checkpoint()
      if (checkpoint) grown.set(run, checkpoint)
    }
    // Whatever was published is stored.
    if (grown.size === 0) return this.#releaseRuns()
    this.#isStoring = true
    try {
      const stored = await this.#jobs.checkpoint([...grown.values()].map(({ progress }) => progress))
      for (const [run, { progress, mark }] of grown) {
        if (stored.has(progress.id)) run.checkpointStored(mark)
        // A run that has ended meanwhile is not lost.
        else if (this.#runs.has(run)) run.lose()
      }
      this.#releaseRuns()
    } catch (error) {
      this.#holdRuns()
      this.#logger.error({ err: error, runs: grown.size }, 'could not store a checkpoint')
    } finally {
      this.#isStoring = false
    }
  }
}
