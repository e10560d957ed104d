import { expect, it, vi } from 'vitest'
import { Cluster } from '../support/cluster.ts'
import { createJob, getJob } from '../support/job-client.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { describeWithRedisProcess } from '../support/test-redis.ts'

vi.setConfig({ testTimeout: 180_000 })

/** The vendor sends a token each 100 ms, so a job takes two seconds. */
const TOKENS = Array.from({ length: 20 }, (_, index) => ` word-${index}`)
const TOKEN_MS = 100
const CLIENTS = 12

await withPostgres((newDatabase) => {
  describeWithRedisProcess('a rolling restart of a cluster under load', () => {
    it('interrupts no job, and no stream of an SDK', async () => {
      const cluster = await Cluster.prepare(await newDatabase(), { DRAIN_MS: '60000', RATE_LIMIT_PER_MINUTE: '0' })
      cluster.vendor.respondWith(async (exchange) => {
        for (const token of TOKENS) {
          exchange.sendToken(token)
          await new Promise((resolve) => setTimeout(resolve, TOKEN_MS))
        }
        exchange.finish()
      })
      const roles = ['api', 'api', 'worker', 'worker'] as const
      const servers = await Promise.all(roles.map((role) => cluster.start(role)))
      const apis = () => servers.slice(0, 2).map(({ url }) => url)

      let isOver = false
      const ids: string[] = []
      let streams = 0
      const runJobs = async (client: number) => {
        for (let turn = client; !isOver; turn++)
          ids.push(...(await completed(apis()[turn % 2] ?? '', () => apis()[0] ?? '')))
      }
      const readStreams = async (client: number) => {
        for (let turn = client; !isOver; turn++) if (await streamed(apis()[turn % 2] ?? '')) streams++
      }
      const load = Array.from({ length: CLIENTS }, (_, client) => (client % 2 ? readStreams(client) : runJobs(client)))
      for (const [index, role] of roles.entries()) {
        const old = servers[index]
        servers[index] = await cluster.start(role)
        old?.signal('SIGTERM')
        expect(await old?.exit()).toBe(0)
      }
      isOver = true
      await Promise.all(load)
      expect(ids.length).toBeGreaterThan(CLIENTS)
      expect(streams).toBeGreaterThan(CLIENTS)
      for (const id of ids)
        expect(await getJob(apis()[0] ?? '', id)).toMatchObject({ status: 'completed', result: TOKENS.join('') })
      expect(cluster.vendor.requests).toBe(ids.length + streams)
    })
  })
})

/**
 * Makes a job, and waits until it is complete.
 * @returns its id, or nothing if the process takes no more requests: then the client asks another
 */
async function completed(url: string, other: () => string): Promise<string[]> {
  const job = await createJob(url, { prompt: 'Hi', provider: 'openai', model: 'gpt-4' }).catch(() => undefined)
  if (!job) return []
  const statusOf = async () => (await getJob(other(), job.id).catch(() => undefined))?.status
  await vi.waitUntil(async () => (await statusOf()) === 'completed', { timeout: 30_000, interval: 200 })
  return [job.id]
}

/** Reads a stream of the Chat door to its end. @returns false if the server took no more requests */
async function streamed(url: string): Promise<boolean> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'openai/gpt-4', stream: true, messages: [{ role: 'user', content: 'Hi' }] }),
  }).catch(() => undefined)
  if (response?.status !== 200) {
    await response?.body?.cancel()
    return false
  }
  const text = await response.text()
  expect(text).toContain('data: [DONE]')
  return true
}
