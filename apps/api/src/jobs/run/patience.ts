import { isForeground } from '../door.ts'
import type { StoredRunningJob } from '../job.ts'
import type { RunPolicy } from './run-policy.ts'

/** How long a client at a door waits for a vendor that takes no calls. SDKs give up soon after. */
const FOREGROUND_PATIENCE_MS = 60_000

/** Until when a job may wait for its vendor, in milliseconds since the epoch, and whether a client waits for it. */
export function patienceOf(job: StoredRunningJob, { patienceMs }: RunPolicy) {
  const isForegroundJob = isForeground(job)
  const ms = isForegroundJob ? Math.min(patienceMs, FOREGROUND_PATIENCE_MS) : patienceMs
  return { patientUntil: Date.parse(job.createdAt) + ms, isForeground: isForegroundJob }
}
