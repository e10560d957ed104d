import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '@promptlab/api/testing'

export interface StoredJobFields {
  readonly id?: string
  readonly prompt: string
  readonly result?: string
  /** How many milliseconds before now the job was made. */
  readonly ageMs: number
  readonly model?: string
  readonly status?: 'completed' | 'cancelled'
  readonly metadata?: Readonly<Record<string, string>>
  readonly previousJobId?: string
}

/** Writes jobs that have ended into a new store file. @returns its path, for DATABASE_URL */
export async function storeJobs(jobs: readonly StoredJobFields[]): Promise<string> {
  const path = join(await temporaryFolder(), 'jobs.json')
  const metrics = { durationMs: 1, tokenCount: 1, ttftMs: 1, queuedMs: 0, attempts: 1 }
  const now = Date.now()
  const records = jobs.map(({ ageMs, ...fields }) => {
    const at = new Date(now - ageMs).toISOString()
    const defaults = { id: crypto.randomUUID(), provider: 'scripted', model: 'script-1', result: 'some text' }
    return { ...defaults, status: 'completed', metrics, createdAt: at, updatedAt: at, ...fields }
  })
  await writeFile(path, JSON.stringify({ version: 6, jobs: records }))
  return path
}

/** Jobs that were made a minute apart, the newest first, named `Job 1` and on. */
export function manyJobs(count: number): StoredJobFields[] {
  return Array.from({ length: count }, (_, index) => ({
    prompt: `Job ${index + 1} asks.`,
    ageMs: (index + 1) * 60_000,
  }))
}
