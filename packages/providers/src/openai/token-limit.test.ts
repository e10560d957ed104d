import { describe, expect, it } from 'vitest'
import { tokenLimitAt } from './token-limit.ts'

describe('tokenLimitAt', () => {
  it.each([
    ['https://api.openai.com/v1', 'max_completion_tokens'],
    ['https://eu.api.openai.com/v1', 'max_completion_tokens'],
    ['https://acme.openai.azure.com/openai/v1', 'max_completion_tokens'],
    ['http://localhost:11434/v1', 'max_tokens'],
    ['https://notopenai.com/v1', 'max_tokens'],
  ])('names the limit as the server at %s does', (baseUrl, name) => {
    expect(tokenLimitAt(baseUrl)).toBe(name)
  })
})
