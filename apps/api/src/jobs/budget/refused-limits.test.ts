import { expect, it } from 'vitest'
import { RefusedLimits } from './refused-limits.ts'

const GPT = { provider: 'openai', model: 'gpt-4' }

it('RefusedLimits > has what a model refused, and everything above it', () => {
  const limits = new RefusedLimits()
  limits.add(GPT, 50_000)
  limits.add(GPT, 20_000)
  limits.add(GPT, 30_000)
  expect([19_999, 20_000, 1e6].map((limit) => limits.has(GPT, limit))).toEqual([false, true, true])
  expect(limits.has({ ...GPT, model: 'other' }, 1e6)).toBe(false)
})

it('RefusedLimits > forgets a limit that may have been too small, and stays small with any number of models', () => {
  const limits = new RefusedLimits()
  limits.add(GPT, 5)
  expect(limits.has(GPT, 5)).toBe(false)
  for (let index = 0; index < 2_500; index++) limits.add({ ...GPT, model: `made-up-${index}` }, 4_000)
  expect(limits.has({ ...GPT, model: 'made-up-2499' }, 4_000)).toBe(true)
})
