import { setTimeout as sleep } from 'node:timers/promises'
import { Job } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { ANN, ApiKeyServer, BOB } from '../support/api-key-server.ts'
import { CuttableProxy } from '../support/cuttable-proxy.ts'
import { Dashboard } from '../support/dashboard.ts'
import { Random } from '../support/random.ts'
import { rounds, timeoutOf } from '../support/rounds.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { newStorePath } from '../support/test-server.ts'

const SEED = Number(process.env['FEED_SEED'] ?? Date.now() % 1_000_000)
const JOBS = 200
const CLIENTS = 8
/** Some events. All jobs that changed in 15 s are many times as many. */
const MOST_BYTES = 5_000

describeFeed('a JSON file', newStorePath)
describeFeed('SQLite', async () => `sqlite:${await newStorePath()}`)
await withPostgres((newDatabase) => describeFeed('PostgreSQL', newDatabase))

function describeFeed(store: string, newStore: () => Promise<string>): void {
  describe(`the feed on ${store} (FEED_SEED=${SEED})`, () => {
    it('tells restless readers of the end of each of 200 random jobs, and of no other caller', {
      timeout: timeoutOf(60_000),
    }, async () => {
      for (const round of rounds(1)) await watchRandomJobs(await newStore(), new Random(SEED + round))
    })
  })
}

async function watchRandomJobs(store: string, random: Random): Promise<void> {
  const env = { DATABASE_URL: store, ECHO_DELAY_MS: '2', MAX_CONCURRENT_JOBS: '6', RATE_LIMIT_PER_MINUTE: '100000' }
  const server = await ApiKeyServer.start({ env })
  const url = () => server.url
  const restless = await Promise.all([ANN, BOB].map((key) => Dashboard.open({ url, key, random, leaveWithinMs: 200 })))
  const calm = await Dashboard.open({ url, key: ANN, random })
  const proxy = await CuttableProxy.start(server.url)
  proxy.limit(() => 1 + random.below(MOST_BYTES))
  const cut = await Dashboard.open({ url: () => proxy.url.replace(/\/$/, ''), key: ANN, random })
  const jobs = useJobs(server, random)
  const idsOf = (key: string) => async () => (await jobs).filter((job) => job.key === key).map(({ id }) => id)
  const [ofAnn, ofBob] = [idsOf(ANN), idsOf(BOB)]
  await Promise.all([
    restless[0]?.untilEnded(ofAnn),
    restless[1]?.untilEnded(ofBob),
    calm.untilEnded(ofAnn),
    cut.untilEnded(ofAnn),
  ])

  for (const [dashboard, ids] of [
    [restless[0], ofAnn],
    [restless[1], ofBob],
    [calm, ofAnn],
    [cut, ofAnn],
  ] as const) {
    expect([...(dashboard?.jobs.keys() ?? [])].sort()).toEqual((await ids()).sort())
    dashboard?.expectOrder()
  }
  for (const { id, key } of await jobs) {
    const job = Job.parse(await (await server.call(key, `/jobs/${id}`)).json())
    const { status, updatedAt } = job
    for (const dashboard of key === ANN ? [restless[0], calm, cut] : [restless[1]])
      expect(dashboard?.jobs.get(id)).toMatchObject({ id, status, updatedAt })
  }
  // The calm one was told of each state.
  const [told = []] = calm.connections
  for (const id of await ofAnn()) {
    const states = told.filter((job) => job.id === id).map(({ status }) => status)
    expect(states.join()).toMatch(/^pending,(running,(completed|cancelled)|cancelled)$/)
  }
  expect(restless[0]?.connections.length).toBeGreaterThan(3)
}

/** Creates jobs of two callers, and cancels some of them at random moments. Resolves when all have ended. */
async function useJobs(server: ApiKeyServer, random: Random): Promise<{ id: string; key: string }[]> {
  const jobs: { id: string; key: string }[] = []
  let left = JOBS
  const use = async () => {
    while (left-- > 0) {
      const key = random.below(2) === 0 ? ANN : BOB
      const prompt = Array.from({ length: 1 + random.below(12) }, () => 'word').join(' ')
      const { id } = Job.parse(await (await server.post(key, { prompt, provider: 'echo', model: 'echo' })).json())
      jobs.push({ id, key })
      if (random.below(3) > 0) continue
      await sleep(random.below(20))
      await server.call(key, `/jobs/${id}/cancel`, { method: 'POST' })
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, use))
  return jobs
}
