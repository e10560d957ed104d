import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { readBudgetsFile } from './budgets-file.ts'
import { ConfigError, readConfig } from './config.ts'

const NOON = Date.parse('2026-02-15T12:00:00.000Z')

async function fileOf(text: string): Promise<string> {
  const path = join(await temporaryFolder(), 'budgets.json')
  await writeFile(path, text)
  return path
}

async function read(content: object) {
  return await readBudgetsFile(await fileOf(JSON.stringify(content)), ['alice', 'bob', 'bob'])
}

describe('readBudgetsFile', () => {
  it('gives callers limits for the day and the month in UTC, and others those of *', async () => {
    const budgets = await read({ alice: { dayUsd: 10, monthUsd: 100, jobUsd: 0.5 }, '*': { monthUsd: 1 } })
    expect(budgets.of('alice', NOON)).toEqual({
      owner: 'alice',
      limits: [
        { period: 'day', from: '2026-02-15', to: '2026-02-15', billionths: 10e9 },
        { period: 'month', from: '2026-02-01', to: '2026-02-28', billionths: 100e9 },
      ],
    })
    expect(budgets.of('bob', NOON)?.limits).toMatchObject([{ period: 'month', billionths: 1e9 }])
    expect(budgets.of(undefined, NOON)).toBeUndefined()
  })

  it('ends a day and a month at midnight in UTC', async () => {
    const budgets = await read({ alice: { dayUsd: 1, monthUsd: 1 } })
    const last = Date.parse('2026-12-31T23:59:59.999Z')
    const spans = (at: number) => budgets.of('alice', at)?.limits.map(({ from, to }) => `${from} ${to}`)
    expect(spans(last)).toEqual(['2026-12-31 2026-12-31', '2026-12-01 2026-12-31'])
    expect(spans(last + 1)).toEqual(['2027-01-01 2027-01-01', '2027-01-01 2027-01-31'])
  })

  it('lets a job without a limit reserve jobUsd, or else a tenth of the smaller limit', async () => {
    const budgets = await read({ alice: { dayUsd: 10, jobUsd: 0.5 }, bob: { dayUsd: 10, monthUsd: 5 } })
    expect(budgets.jobShareOf('alice')).toBe(500_000_000)
    expect(budgets.jobShareOf('bob')).toBe(500_000_000)
    expect(budgets.jobShareOf(undefined)).toBeUndefined()
  })

  it.each([
    [{ alise: { dayUsd: 1 } }, 'alise: API_KEYS has no such caller. Known: alice, bob, and * for every other'],
    [{ alice: { jobUsd: 1 } }, 'alice: Must have dayUsd, monthUsd or both'],
    [{ alice: { dayUsd: 1, jobUsd: 2 } }, 'alice: Must not have more in jobUsd than in dayUsd or monthUsd'],
    [{ alice: { dayUsd: '1' } }, 'alice.dayUsd: Must be an amount in US dollars'],
    [{ alice: { dayUsd: -1 } }, 'alice.dayUsd: '],
    [{ alice: { day: 1 } }, 'alice.day: Unknown field'],
    [[], 'BUDGETS_FILE: '],
  ])('refuses %j with words', async (content, words) => {
    await expect(read(content)).rejects.toThrow(words)
    await expect(read(content)).rejects.toThrow(ConfigError)
  })

  it('refuses a file that is not there or no JSON', async () => {
    await expect(readBudgetsFile('nowhere.json', [])).rejects.toThrow('BUDGETS_FILE: nowhere.json cannot be read')
    await expect(readBudgetsFile(await fileOf('{'), [])).rejects.toThrow('cannot be read as JSON')
  })
})

it('readConfig > refuses BUDGETS_FILE where there are no callers', () => {
  const fault = /BUDGETS_FILE: Has no effect without callers: set API_KEYS/
  expect(() => readConfig({ BUDGETS_FILE: 'budgets.json' })).toThrow(fault)
  const env = { API_KEYS: `alice:${'k'.repeat(40)}`, BUDGETS_FILE: 'budgets.json' }
  expect(() => readConfig({ ...env, AUTH: 'off' })).toThrow(fault)
  expect(readConfig(env).budgetsFile).toBe('budgets.json')
})
