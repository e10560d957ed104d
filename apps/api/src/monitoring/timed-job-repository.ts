import type { Clock } from '../base/clock.ts'
import type { JobRepository } from '../jobs/ports/job-repository.ts'

/** Called after each write of the job store, whether or not it succeeded. */
type OnWrite = (operation: 'insert' | 'replace' | 'checkpoint' | 'delete', durationMs: number) => void

/** The repository, with a measurement of each write. */
export function timedJobRepository(
  jobs: JobRepository,
  clock: Pick<Clock, 'elapsed'>,
  onWrite: OnWrite,
): JobRepository {
  async function timed<Result>(operation: Parameters<OnWrite>[0], write: Promise<Result>): Promise<Result> {
    const startedAt = clock.elapsed()
    try {
      return await write
    } finally {
      onWrite(operation, clock.elapsed() - startedAt)
    }
  }
  return {
    insert: (job, idempotency) => timed('insert', jobs.insert(job, idempotency)),
    replace: (next, from) => timed('replace', jobs.replace(next, from)),
    takeOver: (job) => timed('replace', jobs.takeOver(job)),
    checkpoint: (progress) => timed('checkpoint', jobs.checkpoint(progress)),
    deleteFinal: (id) => timed('delete', jobs.deleteFinal(id)),
    deleteExpired: (expiry, limit) => timed('delete', jobs.deleteExpired(expiry, limit)),
    replaceClient: (id, next, from) => timed('replace', jobs.replaceClient(id, next, from)),
    deleteHidden: (now, limit) => timed('delete', jobs.deleteHidden(now, limit)),
    storeItems: (items) => timed('insert', jobs.storeItems(items)),
    sweepItems: (time, limit) => timed('delete', jobs.sweepItems(time, limit)),
    findItem: (id) => jobs.findItem(id),
    sumUsage: (query) => jobs.sumUsage(query),
    countStoredBytes: (owner) => jobs.countStoredBytes(owner),
    find: (id) => jobs.find(id),
    findByIdempotencyKey: (key, now) => jobs.findByIdempotencyKey(key, now),
    findPending: (limit, after) => jobs.findPending(limit, after),
    findAbandoned: (limit) => jobs.findAbandoned(limit),
    findUnwatched: (now, limit) => jobs.findUnwatched(now, limit),
    findByRequest: (digest, limit) => jobs.findByRequest(digest, limit),
    processId: jobs.processId,
    isConnected: (processId) => jobs.isConnected(processId),
    holdsRuns: () => jobs.holdsRuns(),
    checkReadable: (version) => jobs.checkReadable(version),
    countPendingBytes: () => jobs.countPendingBytes(),
    list: (query) => jobs.list(query),
    checkHealth: () => jobs.checkHealth(),
    close: () => jobs.close(),
  }
}
