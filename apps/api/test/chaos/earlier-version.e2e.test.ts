import { isFinal, type Job, JobPage } from '@promptlab/contract'
import type { Exchange } from '@promptlab/providers/testing/vendors'
import { expect, it, vi } from 'vitest'
import { Cluster } from '../support/cluster.ts'
import { describeWithEarlierServer } from '../support/earlier-server.ts'
import { createJob, getJob, jobOf, postJob, problemOf, readStream, StreamReader } from '../support/job-client.ts'
import { ServerProcess } from '../support/server-process.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { describeWithRedisProcess } from '../support/test-redis.ts'
import { newStorePath } from '../support/test-server.ts'
import { OPENAI } from '../support/vendor-server.ts'

// Each test starts several processes.
vi.setConfig({ testTimeout: 120_000 })

const LEASE_MS = 2_000
const MESSAGES = { provider: 'openai', model: 'gpt-4', messages: [{ role: 'user', content: 'Hello' }] }

/** Requests that an earlier process could not read in the store. */
const LATER_REQUESTS = {
  messages: MESSAGES,
  tools: { ...OPENAI, options: { tools: [{ name: 'get_sum' }] } },
  'an option': { ...OPENAI, options: { topP: 0.5 } },
}

await describeWithEarlierServer('the server before messages and parts', async (earlier) => {
  it('refuses a SQLite file of this version with words', async () => {
    const env = { DATABASE_URL: `sqlite:${await newStorePath()}`, AUTH: 'off' }
    await (await ServerProcess.start(env)).kill()
    await expectRefusal(env, /do not belong to this version.*Use the version that made them, or a newer one/s)
  })

  it('refuses a JSON file with messages, and takes one without', async () => {
    const env = { DATABASE_URL: await newStorePath(), OPENAI_API_KEY: 'key', OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' }
    const first = await ServerProcess.start(env)
    const plain = await createJob(first.url, { prompt: 'Once', provider: 'echo', model: 'echo' })
    await readStream(first.url, plain.id)
    await stop(first)
    const older = await ServerProcess.startNode(earlier(), env)
    expect((await readStream(older.url, plain.id)).text).toBe('Once')
    await stop(older)
    const again = await ServerProcess.start(env)
    const { id } = await createJob(again.url, MESSAGES)
    await readStream(again.url, id)
    await stop(again)
    await expectRefusal(env, /was made by a newer version of this server.*Use that version, or a newer one/s)
  })

  async function expectRefusal(env: Record<string, string>, words: RegExp): Promise<void> {
    const server = await ServerProcess.spawnNode(earlier(), env)
    expect(await server.exit()).toBe(1)
    expect(server.output).toMatch(words)
  }

  await withPostgres((newDatabase) => {
    it('refuses a PostgreSQL database of this version with words', async () => {
      const env = { DATABASE_URL: await newDatabase() }
      await stop(await ServerProcess.start(env))
      await expectRefusal(env, /do not belong to this version.*Use the version that made them, or a newer one/s)
    })

    describeWithRedisProcess('beside this version', () => {
      async function prepare() {
        const cluster = await Cluster.prepare(await newDatabase(), {
          RUNNER_LEASE_MS: String(LEASE_MS),
          LOG_LEVEL: 'warn',
        })
        return { cluster, oldApi: await cluster.start('api', {}, earlier()) }
      }

      it('runs and streams plain jobs that either made', async () => {
        const { cluster, oldApi } = await prepare()
        const oldWorker = await cluster.start('worker', {}, earlier())
        const api = await cluster.start('api')
        cluster.vendor.respondWith(answerInText)
        await expectEverywhere([api.url, oldApi.url])
        await stop(oldWorker)
        await cluster.start('worker')
        await expectEverywhere([api.url, oldApi.url])
      })

      it('lets no request through that it cannot read, until its process is gone', async () => {
        const { cluster, oldApi } = await prepare()
        const oldWorker = await cluster.start('worker', {}, earlier())
        const api = await cluster.start('api')
        cluster.vendor.respondWith(answerInText)
        const { id } = await createJob(api.url, OPENAI)
        await readStream(api.url, id)
        const requests = { ...LATER_REQUESTS, previousJobId: { ...OPENAI, previousJobId: id } }
        for (const [name, body] of Object.entries(requests)) {
          const refused = await postJob(api.url, body)
          expect([name, refused.status, (await problemOf(refused)).code]).toEqual([name, 503, 'upgrade-under-way'])
        }
        // One ends in order, the other does not.
        await stop(oldApi)
        expect((await postJob(api.url, MESSAGES)).status).toBe(503)
        await oldWorker.kill()
        const killedAt = performance.now()
        await vi.waitUntil(async () => (await postJob(api.url, MESSAGES)).status === 202, 20_000)
        expect(performance.now() - killedAt).toBeLessThan(LEASE_MS * 2)
        for (const body of Object.values(requests)) await createJob(api.url, body)
        expect(cluster.vendor.requests).toBe(1)
      })

      it('starts no job with messages when it goes on after a pause of longer than its lease', async () => {
        const { cluster, oldApi } = await prepare()
        const oldWorker = await cluster.start('worker', {}, earlier())
        const api = await cluster.start('api')
        cluster.vendor.respondWith(answerInText)
        await stop(oldApi)
        oldWorker.signal('SIGSTOP')
        let job: Job | undefined
        await vi.waitUntil(async () => {
          const response = await postJob(api.url, MESSAGES)
          if (response.status === 202) job = await jobOf(response)
          return job
        }, 20_000)
        const id = job?.id ?? ''
        oldWorker.signal('SIGCONT')
        // The worker takes jobs in turn, so it has tried the first one before it has run this one.
        const plain = await createJob(api.url, OPENAI)
        await readStream(api.url, plain.id)
        expect(cluster.vendor.requests).toBe(1)
        expect(await getJob(api.url, id)).toMatchObject({ status: 'pending' })
        await stop(oldWorker)
        await cluster.start('worker')
        expect((await readStream(api.url, id)).text).toBe('Once upon a time')
      })

      it('reads the text of an answer of all kinds that a worker of this version makes', async () => {
        const { cluster, oldApi } = await prepare()
        await cluster.start('worker')
        const { id } = await createJob(oldApi.url, OPENAI)
        const exchange = await cluster.vendor.nextRequest()
        const live = await StreamReader.open(oldApi.url, id)
        exchange.sendToken('Once')
        expect(await live.nextToken()).toBe('Once')
        exchange.sendReasoning('Hm.')
        exchange.sendToken(' upon')
        exchange.sendToolCalls({ index: 0, callId: 'call_1', name: 'get_sum', arguments: '{}' })
        exchange.sendRefusal('No.')
        const usage = { inputTokens: 3, outputTokens: 7, cachedInputTokens: 1, reasoningTokens: 2 }
        exchange.finish({ reason: 'tool-calls', usage })
        const rest = (await live.rest()).filter(({ data }) => data !== undefined)
        expect(rest.flatMap(({ event, data }) => (event ? [] : [JSON.parse(data ?? '').token])).join('')).toBe(' upon')
        expect(rest.at(-1)).toMatchObject({ event: 'metrics', id: 'end' })
        expect((await readStream(oldApi.url, id)).text).toBe('Once upon')
        expect((await readStream(oldApi.url, id, { after: 6 })).text).toBe('pon')
        await expectRead(oldApi.url, id)
        expect(await getJob(oldApi.url, id)).toMatchObject({ status: 'completed', result: 'Once upon' })
      })

      it('loses no part of the answer when it ends the job of a dead worker of this version', async () => {
        const { cluster, oldApi } = await prepare()
        const worker = await cluster.start('worker')
        const { id } = await createJob(oldApi.url, OPENAI)
        const exchange = await cluster.vendor.nextRequest()
        exchange.sendReasoning('Hm.')
        for (const token of ['Once', ' upon']) {
          exchange.sendToken(token)
          const text = token === 'Once' ? 'Once' : 'Once upon'
          await vi.waitUntil(async () => textIn(await getJob(oldApi.url, id)) === text, 20_000)
        }
        await worker.kill()
        await vi.waitUntil(async () => isFinal(await getJob(oldApi.url, id)), 20_000)
        const api = await cluster.start('api')
        expect(await getJob(api.url, id)).toMatchObject({
          status: 'failed',
          error: { code: 'interrupted' },
          output: [
            { type: 'reasoning', text: 'Hm.' },
            { type: 'text', text: 'Once upon', incomplete: true },
          ],
        })
        const { text, tokens } = await readStream(api.url, id, { view: 'full', after: 'f7' })
        expect([text, tokens.at(-1)?.id]).toEqual([' upon', 'f12'])
        expect((await readStream(oldApi.url, id, { after: 4 })).text).toBe(' upon')
      })

      it.each([
        ['refuses', 'refusal', (exchange: Exchange) => exchange.finish({ reason: 'refusal' })],
        ['calls tools', 'tool-calls', (exchange: Exchange) => exchange.finish({ reason: 'tool-calls' })],
        [
          'gives no credit',
          'provider-quota-exceeded',
          (exchange: Exchange) =>
            exchange.respond(429, {
              error: { message: 'Pay.', type: 'insufficient_quota', code: 'insufficient_quota' },
            }),
        ],
      ])('reads and lists a job of a vendor that %s, and later ones say so', async (_, word, answer) => {
        const { cluster, oldApi } = await prepare()
        await cluster.start('worker')
        cluster.vendor.respondWith(answer)
        const { id } = await createJob(oldApi.url, OPENAI)
        const { final } = await readStream(oldApi.url, id)
        expect(final?.id).toBe('end')
        await expectRead(oldApi.url, id)
        // Later jobs say what their vendors said.
        const api = await cluster.start('api')
        await stop(oldApi)
        const later = await createJob(api.url, OPENAI)
        await readStream(api.url, later.id)
        expect(wordOf(await getJob(api.url, later.id))).toBe(word)
      })
    })
  })
})

function textIn(job: Job): string {
  return job.status === 'pending' ? '' : job.result
}

/** Why the vendor stopped, or why the job failed. */
function wordOf(job: Job): string | undefined {
  return job.status === 'failed' ? job.error.code : isFinal(job) ? job.metrics.finishReason : undefined
}

/** Creates a job at each process, and reads each job at each. */
async function expectEverywhere(urls: readonly string[]): Promise<void> {
  for (const url of urls) {
    const { id } = await createJob(url, OPENAI)
    for (const reader of urls) {
      expect(await readStream(reader, id)).toMatchObject({ text: 'Once upon a time', final: { event: 'metrics' } })
      await expectRead(reader, id)
    }
  }
}

async function expectRead(url: string, id: string): Promise<void> {
  expect((await fetch(`${url}/jobs/${id}`)).status).toBe(200)
  const list = await fetch(`${url}/jobs`)
  expect(list.status).toBe(200)
  expect(JobPage.parse(await list.json()).data.map((job) => job.id)).toContain(id)
}

function answerInText(exchange: Exchange): void {
  for (const token of ['Once', ' upon', ' a time']) exchange.sendToken(token)
  exchange.finish()
}

async function stop(server: ServerProcess): Promise<void> {
  server.signal('SIGTERM')
  expect(await server.exit()).toBe(0)
}
