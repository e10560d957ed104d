import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { createJob, getJob, readStream } from '../support/job-client.ts'
import { ServerProcess } from '../support/server-process.ts'
import { newStorePath } from '../support/test-server.ts'

const SCRIPT = fileURLToPath(new URL('../support/uncaught-errors-server.ts', import.meta.url))

it('an error that nobody caught in a run fails that job alone', async () => {
  const server = await ServerProcess.start({ DATABASE_URL: await newStorePath() }, SCRIPT)
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

it('an error that belongs to no run ends the process', async () => {
  const server = await ServerProcess.start({ DATABASE_URL: await newStorePath() }, SCRIPT)
  server.signal('SIGUSR2')
  expect(await server.exit()).toBe(1)
  expect(server.output).toContain('thrown in a timer')
})
