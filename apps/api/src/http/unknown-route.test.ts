import { describe, expect, it } from 'vitest'
import { unknownRoute } from './unknown-route.ts'

describe('unknownRoute', () => {
  it.each([
    ['/responses', 'There is no POST /responses. The base URL of an SDK of OpenAI ends with /v1: see docs/sdks.md.'],
    ['/chat/completions?x=1', / ends with \/v1/],
    ['/models/gpt-4', / ends with \/v1/],
    [
      '/v1/v1/messages',
      "There is no POST /v1/v1/messages. The base URL of Anthropic's SDK has no /v1: see docs/sdks.md.",
    ],
  ])('tells the right base URL to an SDK that calls %s', (url, sentence) => {
    expect(unknownRoute({ method: 'POST', url }).message).toMatch(sentence)
  })

  it.each(['/', '/job', '/messages-of-mine', '/v1/embeddings'])('only says that there is no %s', (url) => {
    expect(unknownRoute({ method: 'GET', url }).message).toBe(`There is no GET ${url}.`)
  })
})
