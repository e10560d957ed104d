import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { createJob, getJob, readStream } from '../support/job-client.ts'
import { ServerProcess } from '../support/server-process.ts'
import { newStorePath } from '../support/test-server.ts'

const SCRIPT = fileURLToPath(new URL('../support/uncaught-errors-server.ts', import.meta.url))

it('an uncaught error in a run fails only the job of that run', async () => {
  const server = await ServerProcess.startNode([SCRIPT], { DATABASE_URL: await newStorePath() })
  const bystander = await createJob(server.url, { prompt: 'one two three four five', provider: 'echo', model: 'echo' })
  const stream = readStream(server.url, bystander.id)
  for (const name of ['timer', 'rejection', 'thrown-string']) {
    const { id } = await createJob(server.url, { prompt: 'Go', provider: name, model: name })
    const { text, final } = await readStream(server.url, id)
    expect(text).toBe('before')
    expect(JSON.parse(final?.data ?? '')).toMatchObject({ code: 'internal', retryable: false })
    expect(await getJob(server.url, id)).toMatchObject({ status: 'failed', result: 'before' })
  }
  expect(await stream).toMatchObject({ text: 'one two three four five', final: { event: 'metrics' } })
  expect(server.output).toContain('rejected and left alone')
})

it('an uncaught error outside of all runs ends the process with exit code 1', async () => {
  const server = await ServerProcess.startNode([SCRIPT], { DATABASE_URL: await newStorePath() })
  server.signal('SIGUSR2')
  expect(await server.exit()).toBe(1)
  expect(server.output).toContain('thrown in a timer')
})
