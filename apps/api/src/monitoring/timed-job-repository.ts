import type { Clock } from '../base/clock.ts'
import { forwardingRepository } from '../jobs/ports/forwarding-repository.ts'
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
    ...forwardingRepository(jobs),
    insert: (job, idempotency, budget) => timed('insert', jobs.insert(job, idempotency, budget)),
    replace: (next, from) => timed('replace', jobs.replace(next, from)),
    takeOver: (job) => timed('replace', jobs.takeOver(job)),
    checkpoint: (progress) => timed('checkpoint', jobs.checkpoint(progress)),
    deleteFinal: (id) => timed('delete', jobs.deleteFinal(id)),
    deleteExpired: (expiry, limit) => timed('delete', jobs.deleteExpired(expiry, limit)),
    replaceClient: (id, next, from) => timed('replace', jobs.replaceClient(id, next, from)),
    replaceDeliveries: (id, next, from) => timed('replace', jobs.replaceDeliveries(id, next, from)),
    deleteHidden: (now, limit) => timed('delete', jobs.deleteHidden(now, limit)),
    storeItems: (items) => timed('insert', jobs.storeItems(items)),
    storeHistory: (blocks) => timed('insert', jobs.storeHistory(blocks)),
    sweepItems: (time, limit) => timed('delete', jobs.sweepItems(time, limit)),
  }
}
