import type { HistoryRef } from '../history-ref.ts'
import type { StoredJob, StoredPendingJob, StoredRunningJob } from '../job.ts'
import { itemSizes } from '../kept-parts.ts'
import { forwardingRepository } from '../ports/forwarding-repository.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import { ItemSweptError, UpgradeUnderWayError } from '../ports/storage-errors.ts'
import type { HistoryBlock, KeyedJob } from '../ports/stored-values.ts'
import { recordVersionOf } from '../record-version.ts'
import { KnownBlocks } from './known-blocks.ts'
import { cutHistory } from './shared-history.ts'
import { wholeJobs } from './whole-jobs.ts'

/** A job whose record shares its earlier messages. */
interface SharedJob<Job> {
  readonly record: Job
  readonly blocks: readonly HistoryBlock[]
}

/**
 * The repository, which stores the earlier messages of a long conversation once, however many jobs are sent them. Whoever reads
 * a job gets all of its messages, and knows nothing of this.
 */
export function sharingJobRepository(jobs: JobRepository): JobRepository {
  const known = new KnownBlocks(jobs)
  const whole = async <Job extends StoredJob>(job: Job): Promise<Job> => (await wholeJobs([job], known))[0] ?? job

  const wholeKeyed = async (found: KeyedJob | undefined) => found && { ...found, job: await whole(found.job) }

  /** Processes of an earlier version would take the messages of the record for all of them. */
  async function isReadable(record: StoredJob): Promise<boolean> {
    try {
      await jobs.checkReadable(recordVersionOf(record))
      return true
    } catch (error) {
      if (error instanceof UpgradeUnderWayError) return false
      throw error
    }
  }

  return {
    ...forwardingRepository(jobs),
    async insert(job, idempotency, budget) {
      const shared = sharedJob(job)
      const isShared = shared !== undefined && (await isReadable(shared.record))
      if (!isShared) return await wholeKeyed(await jobs.insert(job, idempotency, budget))
      const blocks = known.notStored(shared.blocks)
      if (blocks.length > 0) await jobs.storeHistory(blocks)
      known.stored(blocks)
      try {
        return await wholeKeyed(await jobs.insert(shared.record, idempotency, budget))
      } catch (error) {
        // The repeat of the request stores them again.
        if (error instanceof ItemSweptError) known.forget(shared.blocks)
        throw error
      }
    },
    async find(id) {
      const job = await jobs.find(id)
      return job && (await whole(job))
    },
    async findByIdempotencyKey(key, now) {
      return await wholeKeyed(await jobs.findByIdempotencyKey(key, now))
    },
    async takeOver(run) {
      const job = await jobs.takeOver(run)
      return job && (await whole(job))
    },
    async findTurns(query) {
      const turns = await jobs.findTurns(query)
      return { ...turns, jobs: await wholeJobs(turns.jobs, known) }
    },
    findEach: async (ids) => await wholeJobs(await jobs.findEach(ids), known),
  }
}

/** @returns undefined if the messages of the job are short */
function sharedJob<Job extends StoredPendingJob | StoredRunningJob>(job: Job): SharedJob<Job> | undefined {
  const { messages, carries = [], owner } = job
  const cut = messages && cutHistory({ messages, carries }, owner)
  if (!cut || cut.blocks.length === 0) return undefined
  const { rest } = cut
  const blocks = cut.blocks.map((block) => ({ id: block.id, bytes: block.bytes, owner, items: itemSizes(block) }))
  const record = {
    ...job,
    history: blocks.map(refOf),
    messages: [...rest.messages],
    carries: rest.carries.length > 0 ? [...rest.carries] : undefined,
  }
  return { record, blocks }
}

function refOf({ id, bytes, items }: HistoryBlock): HistoryRef {
  const keptBytes = [...items.values()].reduce((sum, size) => sum + size, 0)
  return { item: id, bytes: bytes.length, ...(keptBytes > 0 && { keptBytes }) }
}
