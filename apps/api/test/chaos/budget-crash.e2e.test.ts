import { describe, expect, it } from 'vitest'
import { budgetStorm } from '../support/budget-storm.ts'
import { Random } from '../support/random.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { newStorePath } from '../support/test-server.ts'

const SEED = Number(process.env['STORM_SEED'] ?? Date.now() % 1_000_000)
/** Of each store, so a run has about a thousand. */
const JOBS = Number(process.env['STORM_JOBS'] ?? 340)

describe(`random jobs with budgets on a server that is killed (STORM_SEED=${SEED})`, async () => {
  stormTest('a JSON file', newStorePath)
  stormTest('SQLite', async () => `sqlite:${await newStorePath()}`)
  await withPostgres((newDatabase) => stormTest('PostgreSQL', newDatabase))
})

function stormTest(name: string, newStore: () => Promise<string>): void {
  it(`cost what the vendor bills and pass no budget, on ${name}`, { timeout: 1_200_000 }, async () => {
    const random = new Random(SEED)
    const storm = { jobs: JOBS, requestsPerRound: 60, kills: true, random }
    const outcome = await budgetStorm({ store: await newStore(), ...storm })
    process.stdout.write(`budget storm on ${name}, seed ${SEED}: ${JSON.stringify(outcome)}\n`)
    expect(outcome.jobs).toBeGreaterThanOrEqual(JOBS)
    expect(outcome.killed).toBeGreaterThan(0)
  })
}
