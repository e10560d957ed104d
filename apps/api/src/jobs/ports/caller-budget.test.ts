import { expect, it } from 'vitest'
import { BudgetExceededError } from './caller-budget.ts'

const DAY = { period: 'day', from: '2026-11-27', to: '2026-11-27', billionths: 1_000_000_000 } as const

it.each([
  [
    { spent: 300_000_000, reserved: 600_000_000 },
    400_000_000,
    'The job may cost $0.4, and $0.1 of your $1 a day is left while other jobs hold $0.6. ' +
      'Set a smaller maxCostUsd or options.maxTokens, or wait until some of them have ended.',
  ],
  [
    { spent: 1_000_000_000, reserved: 0 },
    41,
    'The job may cost $0.000000041, and $0 of your $1 a day is left. ' +
      'Set a smaller maxCostUsd or options.maxTokens, or wait until the next day in UTC.',
  ],
  [
    { spent: 0, reserved: 0 },
    2_000_000_000,
    'The job may cost $2, and $1 of your $1 a day is left. Set a smaller maxCostUsd or options.maxTokens.',
  ],
])('BudgetExceededError > says what helps: %j', (amounts, wanted, words) => {
  expect(new BudgetExceededError({ limit: DAY, ...amounts }, wanted).message).toBe(words)
})
