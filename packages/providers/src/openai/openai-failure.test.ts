import { APIConnectionError } from 'openai'
import { expect, it } from 'vitest'
import { openAIFailure } from './openai-failure.ts'

it.each([
  ['ETIMEDOUT', 'provider-timeout'],
  ['ECONNREFUSED', 'provider-unavailable'],
  ['unknown', 'provider-unavailable'],
])('takes a request that got no answer because of %s for %s', (code, expected) => {
  const cause = Object.assign(new Error('no answer'), { code })
  expect(openAIFailure(new APIConnectionError({ cause })).code).toBe(expected)
})
