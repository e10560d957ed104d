import { ProviderRegistry } from '@promptlab/providers'
import { expect, it, onTestFinished, vi } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { finishJob, newJob, startJob } from '../../src/jobs/job.ts'
import { JobLostError } from '../../src/jobs/run/job-failure.ts'
import { JobRunner } from '../../src/jobs/run/job-runner.ts'
import { JsonFileJobRepository } from '../../src/storage/json-file/json-file-job-repository.ts'
import { MemoryTokenLog } from '../../src/token-log/memory-token-log.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { newStorePath } from '../support/test-server.ts'
import { UNOBSERVED } from '../support/unobserved.ts'

const POLICY = {
  firstTokenTimeoutMs: 60_000,
  tokenIdleTimeoutMs: 60_000,
  contentTimeoutMs: 60_000,
  jobTimeoutMs: 60_000,
  maxAnswerLength: 4_000_000,
  retryDelayMs: 1,
  patienceMs: 0,
}
const never = new Promise<void>(() => {})

it('JobRunner ends the run of a job that another process has ended, and leaves the record unchanged', async () => {
  const jobs = await JsonFileJobRepository.open(await newStorePath())
  onTestFinished(() => jobs.close())
  const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
  const runner = new JobRunner({
    jobs,
    tokenLog: new MemoryTokenLog(),
    providers: new ProviderRegistry([{ provider: new ScriptedProvider(['Half', never]) }]),
    clock: systemClock,
    logger,
    observer: UNOBSERVED,
    policy: POLICY,
  })
  const body = { prompt: 'Go', provider: 'scripted', model: 'script-1' }
  const running = startJob(newJob('a', body, systemClock.now()), systemClock.now())
  await jobs.insert(running)
  const run = runner.run({ id: 'a', running })
  const ended = finishJob(running, running, { status: 'cancelled' }, systemClock.now())
  await jobs.replace(ended, { status: 'running', run: 1 })

  await run
  expect(await jobs.find('a')).toEqual(ended)
  expect(logger.warn).toHaveBeenCalledWith(expect.objectContaining({ err: new JobLostError() }), 'job failed')
  expect(logger.info).not.toHaveBeenCalled()
})
