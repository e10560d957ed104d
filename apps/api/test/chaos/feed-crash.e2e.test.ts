import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Dashboard } from '../support/dashboard.ts'
import { getJob, jobOf, postJob } from '../support/job-client.ts'
import { Random } from '../support/random.ts'
import { rounds, timeoutOf } from '../support/rounds.ts'
import { ServerProcess } from '../support/server-process.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { newStorePath } from '../support/test-server.ts'

const SEED = Number(process.env['FEED_SEED'] ?? Date.now() % 1_000_000)
const JOBS = 60
const KILLS = 3
const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }

describeCrash('a JSON file', newStorePath)
describeCrash('SQLite', async () => `sqlite:${await newStorePath()}`)
await withPostgres((newDatabase) => describeCrash('PostgreSQL', newDatabase))

function describeCrash(store: string, newStore: () => Promise<string>): void {
  describe(`the feed of a server that is killed, on ${store} (FEED_SEED=${SEED})`, () => {
    it('tells of the end of each job once the server is back', { timeout: timeoutOf(120_000) }, async () => {
      for (const round of rounds(1)) await killServers(await newStore(), new Random(SEED + round))
    })
  })
}

async function killServers(store: string, random: Random): Promise<void> {
  const env = { DATABASE_URL: store, ECHO_DELAY_MS: '40', MAX_CONCURRENT_JOBS: '5', LOG_LEVEL: 'error' }
  let server = await ServerProcess.start(env)
  const dashboard = await Dashboard.open({ url: () => server.url, random })
  const ids: string[] = []
  const used = Promise.withResolvers<readonly string[]>()
  const watched = dashboard.untilEnded(() => used.promise)
  for (let kill = 0; kill < KILLS; kill++) {
    for (let made = 0; made < JOBS / KILLS; made++) {
      ids.push((await jobOf(await postJob(server.url, ECHO))).id)
      await sleep(random.below(10))
    }
    await server.kill()
    server = await ServerProcess.start(env)
  }
  used.resolve(ids)
  await watched

  dashboard.expectOrder()
  expect(dashboard.connections.length).toBeGreaterThan(KILLS)
  const ends = new Set<string>()
  for (const id of ids) {
    const { status, updatedAt } = await getJob(server.url, id)
    expect(dashboard.jobs.get(id)).toMatchObject({ status, updatedAt })
    ends.add(status)
  }
  expect([...ends].sort()).toEqual(['completed', 'failed'])
}
