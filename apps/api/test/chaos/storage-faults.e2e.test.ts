import { randomBytes } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readiness } from '@promptlab/contract'
import { startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { itemsOf } from '../../src/jobs/kept-parts.ts'
import {
  createJob,
  getJob,
  jobOf,
  pageThrough,
  postJob,
  problemOf,
  readStream,
  StreamReader,
} from '../support/job-client.ts'
import { newStorePath, startServer } from '../support/test-server.ts'
import { resizeDisk, tinyDisk } from '../support/tiny-disk.ts'

const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }
const OPENAI = { prompt: 'Hello', provider: 'openai', model: 'gpt-4' }

async function readiness(url: string): Promise<{ status: number; body: Readiness }> {
  const response = await fetch(`${url}/health/ready`)
  return { status: response.status, body: Readiness.parse(await response.json()) }
}

describe('a disk that fills up', () => {
  it('makes the server refuse new jobs and keep all that it sent, until there is room again', async ({ skip }) => {
    const folder = await tinyDisk('256k', skip)
    const vendor = await startOpenAIVendor()
    onTestFinished(() => vendor.close())
    const { url } = await startServer({
      env: { DATABASE_URL: join(folder, 'jobs.json'), OPENAI_API_KEY: 'key', OPENAI_BASE_URL: vendor.url },
    })
    const done = await createJob(url, ECHO)
    const before = await readStream(url, done.id)
    const running = await createJob(url, OPENAI)
    const exchange = await vendor.nextRequest()
    const reader = await StreamReader.open(url, running.id)
    for (const token of ['Half', ' and half']) {
      exchange.sendToken(token)
      await reader.nextToken()
    }

    // Another program fills the disk.
    await writeFile(join(folder, 'ballast'), Buffer.alloc(1_000_000)).catch(() => {})
    const refused = await postJob(url, ECHO)
    expect(refused.status).toBe(503)
    expect(await problemOf(refused)).toMatchObject({ code: 'storage-unavailable' })
    expect(await readiness(url)).toMatchObject({
      status: 503,
      body: { status: 'not-ready', dependencies: { storage: { ready: false } } },
    })
    expect((await fetch(`${url}/health/live`)).status).toBe(200)
    expect(await readStream(url, done.id)).toMatchObject({ text: before.text, final: before.final })

    // The job ends while its end cannot be stored: no client learns that it ended.
    exchange.finish()
    let hasEnded = false
    const rest = reader.rest().then((frames) => {
      hasEnded = true
      return frames
    })
    const stopped = await fetch(`${url}/jobs/${running.id}/cancel`, { method: 'POST' })
    expect(stopped.status).toBe(503)
    expect(await getJob(url, running.id)).toMatchObject({ status: 'running' })
    expect(hasEnded).toBe(false)

    await rm(join(folder, 'ballast'))
    expect((await rest).at(-1)).toMatchObject({ id: 'end' })
    expect(await getJob(url, running.id)).toMatchObject({ result: 'Half and half', metrics: { tokenCount: 2 } })
    expect((await readiness(url)).status).toBe(200)
    const again = await createJob(url, ECHO)
    expect((await readStream(url, again.id)).text).toBe('Once upon a time')
  })

  it('is not ready for as long as SQLite cannot store a job, and does not flap', async ({ skip }) => {
    const folder = await tinyDisk('2m', skip)
    const { url } = await startServer({ env: { DATABASE_URL: `sqlite:${join(folder, 'jobs.db')}` } })
    await readStream(url, (await createJob(url, ECHO)).id)
    await writeFile(join(folder, 'ballast'), Buffer.alloc(4_000_000)).catch(() => {})
    const job = { ...ECHO, prompt: 'x'.repeat(50_000) }
    await vi.waitUntil(async () => (await postJob(url, job)).status === 503, 10_000)
    const statuses = []
    for (let check = 0; check < 20; check++) statuses.push((await readiness(url)).status)
    expect(new Set(statuses)).toEqual(new Set([503]))
    expect((await postJob(url, job)).status).toBe(503)
    await rm(join(folder, 'ballast'))
    expect((await readiness(url)).status).toBe(200)
    expect((await postJob(url, job)).status).toBe(202)
  })

  it.for<[string, (folder: string) => string]>([
    ['a JSON file', (folder: string) => join(folder, 'jobs.json')],
    ['SQLite', (folder: string) => `sqlite:${join(folder, 'jobs.db')}`],
  ])(
    'refuses content that does not fit into %s, keeps the parts of answers, and takes both when there is room',
    async ([, storeIn], { skip }) => {
      const folder = await tinyDisk('2m', skip)
      const vendor = await startOpenAIVendor()
      onTestFinished(() => vendor.close())
      const env = { DATABASE_URL: storeIn(folder), OPENAI_API_KEY: 'key', OPENAI_BASE_URL: vendor.url }
      const { url, app } = await startServer({ env })
      const { id } = await createJob(url, { ...OPENAI, options: { tools: [{ name: 'get_sum' }] } })
      const exchange = await vendor.nextRequest()
      const witness = await StreamReader.open(url, id, { view: 'full' })
      exchange.sendReasoning('Hm.')
      await witness.next()

      const image = { type: 'image', mediaType: 'image/png', data: randomBytes(3_000_000).toString('base64') }
      const asked = { messages: [{ role: 'user', content: [image] }], provider: 'openai', model: 'gpt-4' }
      const refused = await postJob(url, asked)
      expect([refused.status, (await problemOf(refused)).code]).toEqual([503, 'storage-unavailable'])
      expect(await pageThrough(url, 10, async () => {})).toEqual([id])

      await writeFile(join(folder, 'ballast'), Buffer.alloc(4_000_000)).catch(() => {})
      exchange.sendToolCalls({
        index: 0,
        callId: 'call_1',
        name: 'get_sum',
        arguments: JSON.stringify({ words: 'x'.repeat(2_500_000) }),
      })
      exchange.finish({ reason: 'tool-calls' })
      // SQLite still takes small writes, such as those of this check, until they have filled what its log has left.
      await vi.waitUntil(async () => (await readiness(url)).status === 503, 25_000)
      expect(await getJob(url, id)).toMatchObject({ status: 'running' })

      await rm(join(folder, 'ballast'))
      await resizeDisk(folder, '32m')
      expect((await witness.rest()).at(-1)).toMatchObject({ event: 'metrics', id: 'end' })
      const { id: later } = await createJob(url, asked)
      ;(await vendor.nextRequest()).finish()
      await readStream(url, later)
      await app.close()

      const again = await startServer({ env })
      expect(await getJob(again.url, id)).toMatchObject({
        output: [
          { type: 'reasoning', text: 'Hm.' },
          { type: 'tool-call', callId: 'call_1', name: 'get_sum' },
        ],
      })
      const { messages = [] } = await getJob(again.url, later)
      const [kept] = itemsOf(messages)
      const item = await fetch(`${again.url}/jobs/${later}/items/${kept?.item}`)
      expect(Buffer.from(await item.arrayBuffer()).toString('base64')).toBe(image.data)
    },
  )

  it('holds every accepted job when the jobs themselves fill it up, and jobs that do not fit are refused', async ({
    skip,
  }) => {
    const folder = await tinyDisk('128k', skip)
    const env = { DATABASE_URL: join(folder, 'jobs.json') }
    const first = await startServer({ env })
    const taken: string[] = []
    for (let status = 202; status === 202; ) {
      const response = await postJob(first.url, { ...ECHO, prompt: 'x'.repeat(4_000) })
      status = response.status
      if (status === 202) taken.push((await jobOf(response)).id)
      else expect(await problemOf(response)).toMatchObject({ code: 'storage-unavailable' })
    }
    expect(taken.length).toBeGreaterThan(3)
    await first.app.close()

    await resizeDisk(folder, '1m')
    const second = await startServer({ env })
    for (const id of taken) expect((await readStream(second.url, id)).final?.id).toBe('end')
  })
})

describe('a folder that is removed', () => {
  it('makes the server refuse new jobs without ending, until the folder is back', async () => {
    const DATABASE_URL = await newStorePath()
    const { url } = await startServer({ env: { DATABASE_URL } })
    const { id } = await createJob(url, ECHO)
    await readStream(url, id)
    const folder = dirname(DATABASE_URL)
    await rename(folder, `${folder}-gone`)
    expect((await postJob(url, ECHO)).status).toBe(503)
    expect((await readiness(url)).status).toBe(503)
    expect(await getJob(url, id)).toMatchObject({ status: 'completed' })
    await rename(`${folder}-gone`, folder)
    expect((await readiness(url)).status).toBe(200)
    expect((await postJob(url, ECHO)).status).toBe(202)
  })
})
