import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { sampleText } from '../vendor/sample-text.ts'

/** Writes a `jobs.json` in the server's format. */
export async function writeJobsFile(folder: string, jobs: Iterable<object>): Promise<void> {
  const file = createWriteStream(join(folder, 'jobs.json'), { mode: 0o600 })
  file.write('{"version":1,"jobs":[\n')
  let separator = ''
  for (const job of jobs) {
    if (!file.write(`${separator}${JSON.stringify(job)}`)) await once(file, 'drain')
    separator = ',\n'
  }
  file.end(`${separator && '\n'}]}\n`)
  await once(file, 'close')
}

/** Completed jobs of about 2 KB each. */
export function* smallJobs(count: number): Generator<object> {
  for (let index = 0; index < count; index += 1) {
    yield completedJob(randomUUID(), `What is ${index}? `.repeat(40), sampleText(index, 250).slice(0, 1100), index)
  }
}

/** A completed job as the server stores it. */
export function completedJob(id: string, prompt: string, result: string, index = 0): object {
  const at = new Date(Date.UTC(2026, 0, 1) + index * 1000).toISOString()
  return {
    id,
    prompt,
    provider: 'openai',
    model: 'bench',
    status: 'completed',
    result,
    metrics: { durationMs: 2500, tokenCount: 250, ttftMs: 310, queuedMs: 2, attempts: 1 },
    createdAt: at,
    updatedAt: at,
  }
}
