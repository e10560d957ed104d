import { describe, expect, it } from 'vitest'
import { tokenLimit } from './token-limit.ts'

describe('tokenLimit', () => {
  it.each([
    ['https://api.openai.com/v1', { max_completion_tokens: 5 }],
    ['https://eu.api.openai.com/v1', { max_completion_tokens: 5 }],
    ['https://acme.openai.azure.com/openai/v1', { max_completion_tokens: 5 }],
    ['http://localhost:11434/v1', { max_tokens: 5 }],
    ['https://notopenai.com/v1', { max_tokens: 5 }],
  ])('names the limit as the server at %s does', (baseUrl, limit) => {
    expect(tokenLimit(5, baseUrl)).toEqual(limit)
  })
})
