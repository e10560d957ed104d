import { isFinal, type Job } from '@promptlab/contract'
import { createJob, getJob } from './job-client.ts'
import { OPENAI } from './vendor-server.ts'

/** Requests to create jobs that are under way at once. */
const REQUESTS_AT_ONCE = 20

/** Creates jobs for `openai` as fast as the server takes them, and waits until the last has ended; the jobs, and how long they took together. */
export async function runManyJobs(url: string, count: number): Promise<{ seconds: number; ended: Job[] }> {
  const startedAt = performance.now()
  const jobs: Job[] = []
  let left = count
  const create = async () => {
    while (left-- > 0) jobs.push(await createJob(url, OPENAI))
  }
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, create))
  const ended: Job[] = []
  // One after the other: a thousand requests that wait would be a load of their own.
  for (const { id } of jobs) ended.push(await endOf(url, id))
  return { seconds: (performance.now() - startedAt) / 1_000, ended }
}

async function endOf(url: string, id: string): Promise<Job> {
  for (;;) {
    await (await fetch(`${url}/jobs/${id}`, { headers: { prefer: 'wait=30' } })).text()
    const job = await getJob(url, id)
    if (isFinal(job)) return job
  }
}
