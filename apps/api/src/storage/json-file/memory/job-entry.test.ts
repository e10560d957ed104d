import { expect, it } from 'vitest'
import { finishJob, newJob, startJob } from '../../../jobs/job.ts'
import { summaryOf } from '../../../jobs/job-summary.ts'
import { JobEntry } from './job-entry.ts'

function finishedJob(prompt: string, result: string) {
  const running = startJob(newJob('a', { prompt, provider: 'echo', model: 'echo' }, 0), 0)
  return finishJob(running, { ...running, result }, { status: 'completed' }, 5)
}

it.each([
  ['a long prompt', 'x'.repeat(5_000), ''],
  ['a long result', 'Hello', 'x'.repeat(5_000)],
])('the summary of a final job with %s is read without its line', (_, prompt, result) => {
  const job = finishedJob(prompt, result)
  const made = JobEntry.of(job)
  const read = JobEntry.parse(job, new TextEncoder().encode(JSON.stringify(job)), {
    path: 'jobs.json',
    place: 'line 2',
  })
  for (const entry of [made, read]) {
    entry.line.fill(0)
    expect(entry.summary).toEqual(summaryOf(job))
    expect(() => entry.job).toThrow(SyntaxError)
  }
})

it('the summary of a final job with short texts is read from its line', () => {
  const job = finishedJob('Hello', 'Hello')
  expect(JobEntry.of(job).summary).toEqual(summaryOf(job))
})
