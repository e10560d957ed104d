import type { DoorClient } from '../../../jobs/door.ts'
import type { StoredJob } from '../../../jobs/job.ts'

/** Fields that a job is stored with, and that none of its later states changes. */
const KEPT_FIELDS = [
  'door',
  'requestDigest',
  'client',
  'carries',
  'deleteAfter',
  'maxCostUsd',
  'webhook',
  'metadata',
  'rerunOf',
  'forkOf',
  'reserved',
  'deliveries',
  'notifyAt',
  'history',
] as const satisfies (keyof StoredJob)[]

/** Whether a job has fields that its later states do not change. */
export function hasKeptFields(job: StoredJob): boolean {
  return KEPT_FIELDS.some((field) => job[field] !== undefined)
}

/** The job with these fields of another state of it, and with the messages of its record if it shares the ones before. */
export function withKeptFieldsOf(stored: StoredJob, job: StoredJob): StoredJob {
  const next = { ...job }
  for (const field of KEPT_FIELDS) delete next[field]
  for (const field of KEPT_FIELDS) if (stored[field] !== undefined) Object.assign(next, { [field]: stored[field] })
  return stored.history ? { ...next, messages: stored.messages } : next
}

export function isSameClient(a: DoorClient | undefined, b: DoorClient | undefined): boolean {
  if (!a || !b) return a === b
  return a.process === b.process && a.lostAt === b.lostAt && a.hadHead === b.hadHead
}
