import { describe, expect, it } from 'vitest'
import { failureOfSending } from './openai-failure.ts'

describe('failureOfSending', () => {
  it.each([
    ['ETIMEDOUT', 'provider-timeout'],
    ['ECONNREFUSED', 'provider-unavailable'],
    ['unknown', 'provider-unavailable'],
  ])('turns a request that failed with %s into %s', (code, expected) => {
    expect(failureOfSending(Object.assign(new Error('no answer'), { code })).code).toBe(expected)
  })
})
