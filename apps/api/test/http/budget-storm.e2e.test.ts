import { expect, it } from 'vitest'
import { budgetStorm } from '../support/budget-storm.ts'
import { Random } from '../support/random.ts'
import { newStorePath } from '../support/test-server.ts'

const SEED = Number(process.env['STORM_SEED'] ?? Date.now() % 1_000_000)

// The chaos tests have more jobs, all stores, and crashes at random moments.
it(`random jobs with budgets > cost what the vendor bills and pass no budget (STORM_SEED=${SEED})`, async () => {
  const storm = { jobs: 40, requestsPerRound: 30, kills: false, random: new Random(SEED) }
  const { jobs, statuses } = await budgetStorm({ store: await newStorePath(), ...storm })
  expect(jobs).toBeGreaterThanOrEqual(40)
  expect(Object.values(statuses).reduce((sum, count) => sum + count, 0)).toBe(jobs)
}, 60_000)
