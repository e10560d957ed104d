import { UsageReport } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { finishJob, newJob, startJob } from '../../src/jobs/job.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import { ANN, ApiKeyServer, BOB } from '../support/api-key-server.ts'
import { problemOf } from '../support/job-client.ts'
import { startServer } from '../support/test-server.ts'

const METRICS_KEY = 'key-of-metrics-01234'
const NOW = Date.parse('2026-11-27T12:00:00Z')
const DAY_MS = 86_400_000
const clock = { ...systemClock, now: () => NOW }

interface Spent {
  readonly owner?: string
  readonly model?: string
  readonly daysAgo?: number
  readonly usd?: number
}

let count = 0

/** Stores a job that has ended. */
async function spend(jobs: JobRepository, { owner, model = 'gpt-4', daysAgo = 0, usd }: Spent): Promise<string> {
  const at = NOW - daysAgo * DAY_MS
  const running = startJob(newJob(`job-${count++}`, { prompt: 'Go', provider: 'openai', model }, at, owner), at)
  await jobs.insert(running)
  const cost = usd === undefined ? ({ priced: 'unknown' } as const) : ({ usd, priced: 'exact' } as const)
  const metrics = { ...running.metrics, cost, usage: { inputTokens: 10, outputTokens: 2 } }
  await jobs.replace(finishJob(running, { result: '', metrics }, { status: 'completed' }, at), running)
  return running.id
}

const sums = (jobs: number, usd: number | undefined, unpricedJobs = 0) => ({
  jobs,
  inputTokens: 10 * jobs,
  outputTokens: 2 * jobs,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  ...(usd !== undefined && { usd }),
  unpricedJobs,
})

async function startSpent() {
  const server = await ApiKeyServer.start({ clock, env: { METRICS_KEY } })
  await spend(server.jobs, { owner: 'ann', usd: 1 })
  await spend(server.jobs, { owner: 'ann', usd: 2, daysAgo: 1 })
  await spend(server.jobs, { owner: 'ann', model: 'gpt-5' })
  await spend(server.jobs, { owner: 'bob', usd: 0.5 })
  await spend(server.jobs, { usd: 0.25 })
  const read = async (key: string, query = '') =>
    UsageReport.parse(await (await server.call(key, `/usage${query}`)).json())
  return { server, read }
}

describe('GET /usage', () => {
  it('shows a caller its own jobs by model, of the last 30 days', async () => {
    const { read } = await startSpent()
    expect(await read(ANN)).toEqual({
      from: '2026-10-29',
      to: '2026-11-27',
      groupBy: 'model',
      data: [
        { provider: 'openai', model: 'gpt-4', ...sums(2, 3) },
        { provider: 'openai', model: 'gpt-5', ...sums(1, undefined, 1) },
      ],
    })
    expect((await read(BOB)).data).toEqual([{ provider: 'openai', model: 'gpt-4', ...sums(1, 0.5) }])
  })

  it('shows them by day, between two days', async () => {
    const { read } = await startSpent()
    expect((await read(ANN, '?groupBy=day')).data).toEqual([
      { day: '2026-11-26', ...sums(1, 2) },
      { day: '2026-11-27', ...sums(2, 1, 1) },
    ])
    expect((await read(ANN, '?groupBy=day&to=2026-11-26')).data).toEqual([{ day: '2026-11-26', ...sums(1, 2) }])
    expect((await read(ANN, '?from=2026-11-27&to=2026-11-27')).data).toHaveLength(2)
    expect((await read(ANN, '?from=2025-01-01&to=2025-12-31')).data).toEqual([])
  })

  it('shows the holder of the metrics key the jobs of each caller', async () => {
    const { read } = await startSpent()
    expect((await read(METRICS_KEY)).data).toEqual([
      { provider: 'openai', model: 'gpt-4', ...sums(1, 0.25) },
      { caller: 'ann', provider: 'openai', model: 'gpt-4', ...sums(2, 3) },
      { caller: 'ann', provider: 'openai', model: 'gpt-5', ...sums(1, undefined, 1) },
      { caller: 'bob', provider: 'openai', model: 'gpt-4', ...sums(1, 0.5) },
    ])
    expect((await read(METRICS_KEY, '?groupBy=day&from=2026-11-27')).data).toMatchObject([
      { day: '2026-11-27', usd: 0.25 },
      { caller: 'ann', day: '2026-11-27', usd: 1 },
      { caller: 'bob', day: '2026-11-27', usd: 0.5 },
    ])
  })

  it('accepts the metrics key for nothing else but metrics, and no other key', async () => {
    const { server } = await startSpent()
    expect((await server.call(METRICS_KEY, '/jobs')).status).toBe(401)
    expect((await server.call(METRICS_KEY, '/metrics')).status).toBe(200)
    expect((await server.call(`${METRICS_KEY}5`, '/usage')).status).toBe(401)
    const without = await ApiKeyServer.start()
    expect((await without.call(METRICS_KEY, '/usage')).status).toBe(401)
  })

  it('tells a caller named metrics from the metrics key', async () => {
    const { jobs, url } = await startServer({ clock, env: { API_KEYS: `metrics:${ANN}`, METRICS_KEY } })
    await spend(jobs, { owner: 'metrics', usd: 1 })
    await spend(jobs, { owner: 'ann', usd: 2 })
    const response = await fetch(`${url}/usage`, { headers: { authorization: `Bearer ${ANN}` } })
    expect(UsageReport.parse(await response.json()).data).toEqual([
      { provider: 'openai', model: 'gpt-4', ...sums(1, 1) },
    ])
  })

  it('has all jobs together on a server without keys', async () => {
    const { jobs, url } = await startServer({ clock })
    await spend(jobs, { owner: 'ann', usd: 1 })
    await spend(jobs, { usd: 2 })
    const report = UsageReport.parse(await (await fetch(`${url}/usage`)).json())
    expect(report.data).toEqual([{ provider: 'openai', model: 'gpt-4', ...sums(2, 3) }])
  })

  it('keeps what jobs cost that were deleted', async () => {
    const { jobs, url } = await startServer({ clock })
    const id = await spend(jobs, { usd: 1 })
    expect((await fetch(`${url}/jobs/${id}`, { method: 'DELETE' })).status).toBe(204)
    const report = UsageReport.parse(await (await fetch(`${url}/usage`)).json())
    expect(report.data).toMatchObject([{ usd: 1 }])
  })

  it.each([
    ['?from=yesterday', 'from', /Must be a day such as 2026-11-27/],
    ['?from=2026-02-30', 'from', /Must be a day/],
    ['?to=2026-11-27T00:00:00Z', 'to', /Must be a day/],
    ['?from=2026-11-28', 'from', /Must not be after the last day, which is 2026-11-27/],
    ['?from=2025-11-26', 'from', /Must be at most 366 days before/],
    ['?groupBy=caller', 'groupBy', /./],
    ['?until=2026-11-27', 'until', /Unknown parameter/],
  ])('refuses %s with words', async (query, path, message) => {
    const { url } = await startServer({ clock })
    const response = await fetch(`${url}/usage${query}`)
    expect(response.status).toBe(400)
    expect(await problemOf(response)).toMatchObject({
      code: 'invalid-request',
      errors: [{ path, message: expect.stringMatching(message) }],
    })
  })

  it('allows 366 days, and refuses more rows than an answer may have', async () => {
    const { app, url, jobs } = await startServer({ clock })
    expect((await fetch(`${url}/usage?from=2025-11-27`)).status).toBe(200)
    await Promise.all(Array.from({ length: 10_001 }, (_, index) => spend(jobs, { model: `m-${index}`, usd: 1 })))
    const response = await fetch(`${url}/usage`)
    expect(response.status).toBe(400)
    expect(await problemOf(response)).toMatchObject({ detail: expect.stringMatching(/More than 10000 rows/) })
    expect((await fetch(`${url}/usage?groupBy=day`)).status).toBe(200)
    await app.close()
  })
})
