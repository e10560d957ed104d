import type { Cost } from '@promptlab/contract'
import { expect, it } from 'vitest'
import { finishJob, newJob, startJob } from '../job.ts'
import { usagesOf } from './usage-entry.ts'

const GEMINI = { provider: 'gemini', model: 'pro' }
const AT = Date.parse('2026-11-27T00:00:00.000Z')

/** A job of `openai` whose fallback answered. */
function passedOn(first: Cost, second: Cost, cost: Cost) {
  const job = newJob('a', { prompt: 'Go', provider: 'openai', model: 'gpt-4', fallbacks: [GEMINI] }, AT)
  const running = startJob(job, AT)
  const startedAt = new Date(AT).toISOString()
  const calls = [
    { provider: 'openai', model: 'gpt-4', startedAt, endedBecause: 'provider-timeout' as const, cost: first },
    { ...GEMINI, startedAt, endedBecause: 'completed' as const, cost: second },
  ]
  const usage = { inputTokens: 1, outputTokens: 2 }
  const metrics = { ...running.metrics, cost, calls, usage, answeredBy: GEMINI }
  return finishJob(running, { result: 'text', metrics }, { status: 'completed' }, AT)
}

const ONE = { usd: 1, priced: 'exact' } as const
const UNKNOWN = { priced: 'unknown' } as const

it('usagesOf > counts a job and its tokens for who answered, and money for who was called', () => {
  const entries = usagesOf(passedOn({ usd: 0.5, priced: 'estimated' }, ONE, { usd: 1.5, priced: 'estimated' }))
  expect(entries).toMatchObject([
    { ...GEMINI, jobs: 1, inputTokens: 1, outputTokens: 2, usdBillionths: 1_000_000_000, unpricedJobs: 0 },
    { provider: 'openai', model: 'gpt-4', jobs: 0, inputTokens: 0, usdBillionths: 500_000_000, unpricedJobs: 0 },
  ])
})

it('usagesOf > has no entry for a vendor whose calls cost nothing', () => {
  expect(usagesOf(passedOn({ usd: 0, priced: 'exact' }, ONE, ONE))).toMatchObject([GEMINI])
})

it('usagesOf > counts a job whose cost is unknown once', () => {
  const entries = usagesOf(passedOn(UNKNOWN, UNKNOWN, UNKNOWN))
  expect(entries.map(({ unpricedJobs }) => unpricedJobs)).toEqual([1, 0])
})
