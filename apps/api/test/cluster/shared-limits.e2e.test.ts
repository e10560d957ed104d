import { JobResource } from '@promptlab/contract'
import { expect, it, vi } from 'vitest'
import { Cluster } from '../support/cluster.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { describeWithRedisProcess } from '../support/test-redis.ts'

// Each test starts several processes.
vi.setConfig({ testTimeout: 120_000 })

const KEY = 'key-of-ann-0123456789'
const env = { API_KEYS: `ann:${KEY}`, STREAM_LINK_SECRET: 's'.repeat(32), RATE_LIMIT_PER_MINUTE: '6' }
const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }

await withPostgres((newDatabase) => {
  describeWithRedisProcess('several processes with API keys', () => {
    it('share request counts and stream links, and go on serving while Redis is away', async () => {
      const cluster = await Cluster.prepare(await newDatabase(), env)
      const [first, second] = await Promise.all([cluster.start('all'), cluster.start('api')])
      const body = JSON.stringify({ prompt: 'Once upon a time', provider: 'echo', model: 'echo' })
      const created = await fetch(`${first.url}/jobs`, { method: 'POST', headers, body })
      const { id, links } = JobResource.parse(await created.json())
      // A request by link counts for the address, not for the caller.
      expect(await (await fetch(second.url + links.stream)).text()).toContain('event: metrics')

      const statuses: number[] = []
      for (const { url } of [first, second, first, second, first, second, first]) {
        statuses.push((await fetch(`${url}/jobs/${id}`, { headers })).status)
      }
      expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429])

      await cluster.redis.kill()
      await expect.poll(async () => (await fetch(`${second.url}/jobs/${id}`, { headers })).status).toBe(200)
    })
  })
})
