import type { JobRepository } from './job-repository.ts'

/** The same repository as a plain object, so that a decorator can spread it and replace some of its methods. */
export function forwardingRepository(jobs: JobRepository): JobRepository {
  return {
    insert: (job, idempotency, budget) => jobs.insert(job, idempotency, budget),
    replace: (next, from) => jobs.replace(next, from),
    takeOver: (job) => jobs.takeOver(job),
    checkpoint: (progress) => jobs.checkpoint(progress),
    deleteFinal: (id) => jobs.deleteFinal(id),
    deleteExpired: (expiry, limit) => jobs.deleteExpired(expiry, limit),
    replaceClient: (id, next, from) => jobs.replaceClient(id, next, from),
    replaceDeliveries: (id, next, from) => jobs.replaceDeliveries(id, next, from),
    deleteHidden: (now, limit) => jobs.deleteHidden(now, limit),
    storeItems: (items) => jobs.storeItems(items),
    sweepItems: (time, limit) => jobs.sweepItems(time, limit),
    findItem: (id) => jobs.findItem(id),
    sumUsage: (query) => jobs.sumUsage(query),
    countStoredBytes: (owner) => jobs.countStoredBytes(owner),
    find: (id) => jobs.find(id),
    findByIdempotencyKey: (key, now) => jobs.findByIdempotencyKey(key, now),
    findPending: (limit, after) => jobs.findPending(limit, after),
    findAbandoned: (limit) => jobs.findAbandoned(limit),
    findUnwatched: (now, limit) => jobs.findUnwatched(now, limit),
    findUntold: (now, limit) => jobs.findUntold(now, limit),
    findChanged: (query) => jobs.findChanged(query),
    readBudget: (budget) => jobs.readBudget(budget),
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
