import { describe, expect, it } from 'vitest'
import { ApiError } from '../base/api-error.ts'
import { askedMaxCost, inParamsOfDoor } from './asked-max-cost.ts'

describe('askedMaxCost', () => {
  it.each([
    [undefined, undefined],
    ['0.05', 0.05],
    [' 2 ', 2],
    ['1e-3', 0.001],
    ['1000000', 1_000_000],
  ])('reads %j as %j', (header, usd) => {
    expect(askedMaxCost(header)).toBe(usd)
  })

  it.each(['', '0', '-1', '$1', '1,5', '0x10', 'NaN', 'Infinity', '1000001', '1e999', '.5', '1, 2', ['1', '2']])(
    'refuses %j with words',
    (header) => {
      expect(() => askedMaxCost(header)).toThrow(/^x-promptlab-max-cost-usd: Must be an amount in US dollars/)
    },
  )
})

it('inParamsOfDoor > names what a client of the door can change', () => {
  const paramOf = (path: string) => (path === 'options.maxTokens' ? 'max_output_tokens' : path)
  const refusal = new ApiError('budget-exceeded', 'Set a smaller maxCostUsd or options.maxTokens.')
  expect(inParamsOfDoor(refusal, paramOf).message).toBe('Set a smaller x-promptlab-max-cost-usd or max_output_tokens.')
  const other = new ApiError('internal', 'maxCostUsd')
  expect(inParamsOfDoor(other, paramOf)).toBe(other)
})
