import type { JobService } from '../job-service.ts'
import { HiddenJobSweeper } from './hidden-job-sweeper.ts'
import { ItemSweeper } from './item-sweeper.ts'
import { RetentionSweeper } from './retention-sweeper.ts'
import { SearchIndexer } from './search-indexer.ts'
import { UnwatchedJobs } from './unwatched-jobs.ts'

type RetentionDeps = ConstructorParameters<typeof RetentionSweeper>[0]

interface UpkeepDeps extends Omit<RetentionDeps, 'retention'> {
  readonly service: JobService
  /** How long a job whose client has left runs on, in milliseconds. Undefined: to its end. */
  readonly graceMs: number | undefined
  /** Undefined: jobs are kept until they are deleted. */
  readonly retention: RetentionDeps['retention'] | undefined
}

/** All that a process does with stored jobs from time to time. */
export class Upkeep {
  readonly #workers: readonly { start(): void; stop(): void | Promise<void> }[]

  constructor({ graceMs, retention, ...deps }: UpkeepDeps) {
    this.#workers = [
      new ItemSweeper(deps),
      new HiddenJobSweeper(deps),
      new SearchIndexer(deps),
      ...(graceMs === undefined ? [] : [new UnwatchedJobs({ ...deps, graceMs })]),
      ...(retention ? [new RetentionSweeper({ ...deps, retention })] : []),
    ]
  }

  start(): void {
    for (const worker of this.#workers) worker.start()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()))
  }
}
