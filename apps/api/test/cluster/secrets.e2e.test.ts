import { Redis } from 'ioredis'
import { expect, it, onTestFinished, vi } from 'vitest'
import { Cluster } from '../support/cluster.ts'
import { CuttableProxy } from '../support/cuttable-proxy.ts'
import type { ServerProcess } from '../support/server-process.ts'
import { runSql, withPostgres } from '../support/test-postgres.ts'
import { describeWithRedisProcess } from '../support/test-redis.ts'
import { OPENAI } from '../support/vendor-server.ts'

vi.setConfig({ testTimeout: 120_000 })

const [PASSWORD, KEY, VENDOR_KEY, PROMPT, ANSWER] = [
  'canary-password',
  'canary-key-0123456789',
  'canary-vendor-key',
  'canary-prompt',
  'canary-answer',
]
const HEADERS = { 'content-type': 'application/json', authorization: `Bearer ${KEY}` }

/** Waits until the log of a process has a line with these words. */
async function says(server: ServerProcess, words: string): Promise<void> {
  await vi.waitUntil(() => server.output.includes(words), 20_000)
}

await withPostgres((newDatabase) => {
  describeWithRedisProcess('the log of a cluster', () => {
    it('holds no password, key, prompt or answer, whatever fails', async () => {
      const database = await CuttableProxy.start(await newDatabase())
      const cluster = await Cluster.prepare(database.url)
      const admin = new Redis(cluster.redis.url)
      // The test kills Redis under this connection as well.
      admin.on('error', () => {})
      onTestFinished(() => admin.disconnect())
      await admin.config('SET', 'requirepass', PASSWORD)
      const url = new URL(cluster.redis.url)
      url.password = PASSWORD
      const server = await cluster.start('all', {
        REDIS_URL: url.href,
        API_KEYS: `ann:${KEY}`,
        STREAM_LINK_SECRET: 'canary-secret-canary-secret-canary',
        OPENAI_API_KEY: VENDOR_KEY,
        LOG_LEVEL: 'info',
      })
      const post = () =>
        fetch(`${server.url}/jobs`, {
          method: 'POST',
          headers: HEADERS,
          body: JSON.stringify({ ...OPENAI, prompt: PROMPT }),
        })
      const runJob = async () => {
        expect((await post()).status).toBe(202)
        const exchange = await cluster.vendor.nextRequest()
        exchange.sendToken(ANSWER)
        return exchange
      }

      // The vendor fails with words that hold all of it.
      const failing = await runJob()
      failing.sendFailure(`${PROMPT} ${ANSWER} ${VENDOR_KEY}`)
      await says(server, 'job failed')

      // Redis takes no more writes, and then refuses the password.
      const full = await runJob()
      await admin.config('SET', 'maxmemory', '1')
      full.sendToken(` ${ANSWER}`)
      await says(server, 'OOM')
      await admin.config('SET', 'maxmemory', '0')
      await admin.config('SET', 'requirepass', `${PASSWORD}-changed`)
      await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await says(server, 'WRONGPASS')
      await post()
      await admin.config('SET', 'requirepass', PASSWORD)
      await vi.waitUntil(async () => (await fetch(`${server.url}/health/ready`)).status === 200, 20_000)

      // PostgreSQL ends its connections, goes away and comes back.
      await runSql(
        database.url,
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name like 'promptlab %' and datname = current_database()`,
      )
      database.cut()
      await post()
      await says(server, 'could not renew the lease')
      database.restore()

      // Redis dies, and the process is told to stop with a job that runs.
      await cluster.redis.kill()
      await says(server, 'lost the connection to Redis')
      server.signal('SIGTERM')
      await server.exit()
      for (const line of server.output.split('\n')) expect(line).not.toContain('canary')
    })
  })
})
