import type { PendingJob } from '@promptlab/contract'
import { onTestFinished } from 'vitest'
import { finishJob, newJob, type StoredFinalJob, type StoredPendingJob, startJob } from '../../src/jobs/job.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'

/** A store that can be opened again after it was closed. */
export interface JobStore {
  open(): Promise<JobRepository>
}

export type NewStore = () => Promise<JobStore>

export const CREATED_AT = Date.parse('2026-01-02T03:04:05.678Z')

export function aJob(id: string, createdAt = CREATED_AT): PendingJob {
  const body = {
    prompt: `Say "${id}"\n\u2028, \0, \ude42 and 🙂`,
    provider: 'echo',
    model: 'echo',
    options: { temperature: 0.5 },
  }
  return newJob(id, body, createdAt)
}

/** The job after a run with an answer of text. */
export function completed(job: StoredPendingJob, text: string): StoredFinalJob {
  const running = startJob(job, CREATED_AT + 5)
  const metrics = {
    durationMs: 12,
    tokenCount: 3,
    ttftMs: 4,
    queuedMs: 5,
    attempts: 1,
    usage: { inputTokens: 1, outputTokens: 3 },
  }
  return finishJob(running, { result: text, metrics }, { status: 'completed' }, CREATED_AT + 17)
}

/** Opens the store. It is closed when the test has ended. */
export async function openStore(store: JobStore): Promise<JobRepository> {
  const jobs = await store.open()
  onTestFinished(() => jobs.close())
  return jobs
}

/** Stores a job and its end. */
export async function insertFinished(jobs: JobRepository, job: StoredPendingJob, endedAt: number): Promise<void> {
  await jobs.insert(job)
  const running = startJob(job, endedAt)
  await jobs.replace(running, { status: 'pending' })
  await jobs.replace(finishJob(running, running, { status: 'completed' }, endedAt), { status: 'running', run: 1 })
}
