import type { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { QueuedJob } from '../jobs/ports/job-queue.ts'

/** States of a job of BullMQ that end in its being handed to a worker. */
const DELIVERABLE: ReadonlySet<string> = new Set(['active', 'delayed', 'prioritized', 'waiting'])
/** How many entries of a list of waiting jobs are read at once. */
const IDS_PER_PIECE = 1_000

/**
 * The jobs that no worker will be handed. A job counts as queued only if it is in one of the lists that workers read: its key
 * may be there although a list was lost. Such a key is removed, as BullMQ adds no job whose key exists.
 */
export async function missingJobs(
  jobs: readonly QueuedJob[],
  redis: Redis,
  queueOf: (provider: string) => Queue,
): Promise<readonly QueuedJob[]> {
  const missing: QueuedJob[] = []
  for (const [provider, ofProvider] of Map.groupBy(jobs, (job) => job.provider)) {
    const queue = queueOf(provider)
    const notWaiting = await withoutWaiting(ofProvider, redis, queue.toKey('wait'))
    for (const job of await withoutDelayed(notWaiting, redis, queue.toKey('delayed'))) {
      if (DELIVERABLE.has(await queue.getJobState(job.id))) continue
      await queue.remove(job.id)
      missing.push(job)
    }
  }
  return missing
}

/**
 * The list is read piece by piece: to ask for the state of each job would search a list for each, which took 13 s at the start of
 * a process that found 5,000 jobs in the queue.
 */
async function withoutWaiting(jobs: readonly QueuedJob[], redis: Redis, key: string): Promise<readonly QueuedJob[]> {
  const left = new Map(jobs.map((job) => [job.id, job]))
  let piece: string[]
  // From the end, where the oldest jobs are: they are asked for most.
  let end = -1
  do {
    piece = await redis.lrange(key, end - IDS_PER_PIECE + 1, end)
    for (const id of piece) left.delete(id)
    end -= IDS_PER_PIECE
  } while (left.size > 0 && piece.length === IDS_PER_PIECE)
  return [...left.values()]
}

async function withoutDelayed(jobs: readonly QueuedJob[], redis: Redis, key: string): Promise<readonly QueuedJob[]> {
  if (jobs.length === 0) return jobs
  const times = await redis.zmscore(key, ...jobs.map(({ id }) => id))
  return jobs.filter((_, index) => times[index] === null)
}
