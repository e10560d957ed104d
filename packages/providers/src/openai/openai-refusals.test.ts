import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type LoopbackVendor, startOpenAIVendor } from '../testing/index.ts'
import { event, readWire, type WireAnswer } from './wire-case.ts'

let vendor: LoopbackVendor
beforeEach(async () => {
  vendor = await startOpenAIVendor()
})
afterEach(() => vendor.close())

const error = (message: string, fields: object = {}) => JSON.stringify({ error: { message, ...fields } })

describe('a request that a server refuses', () => {
  it.each<[string, number, string, string]>([
    ['a wrong key', 401, error('Incorrect API key provided'), 'provider-auth'],
    ['a wrong key with status 400', 400, error('Incorrect API key provided: x'), 'provider-auth'],
    [
      'a wrong key as Gemini says it',
      400,
      '[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]',
      'provider-auth',
    ],
    ['an account without credit', 402, error('This request requires more credits'), 'provider-quota-exceeded'],
    [
      'a quota that is used up',
      429,
      error('You exceeded your current quota, please check your plan and billing details.', {
        code: 'insufficient_quota',
      }),
      'provider-quota-exceeded',
    ],
    [
      'a balance that is too low',
      400,
      error('Your credit balance is too low to access the API'),
      'provider-quota-exceeded',
    ],
    [
      'a limit of the bill',
      400,
      error('Billing hard limit has been reached', { code: 'billing_hard_limit_reached' }),
      'provider-quota-exceeded',
    ],
    ['an account in arrears', 403, error('Access denied', { code: 'Arrearage' }), 'provider-quota-exceeded'],
    [
      'a limit of each minute, in the words of a quota',
      429,
      '[{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED"}}]',
      'provider-rate-limited',
    ],
    ['too many requests', 429, error('Rate limit reached'), 'provider-rate-limited'],
    ['a forbidden key', 403, error('Forbidden'), 'provider-auth'],
    [
      'a forbidden country',
      403,
      error('Country, region, or territory not supported', { code: 'unsupported_country_region_territory' }),
      'provider-auth',
    ],
    ['a page of a firewall', 403, '<html>Blocked</html>', 'provider-auth'],
    [
      'a model that the account may not use',
      403,
      error('Project `p` does not have access to model `m`', { code: 'model_not_found' }),
      'model-unavailable',
    ],
    ['a prompt that a filter stops', 403, error('Blocked', { code: 'content_policy_violation' }), 'provider-rejected'],
    [
      'a model that does not exist',
      404,
      error('The model `m` does not exist', { code: 'model_not_found' }),
      'model-unavailable',
    ],
    ['a model that OpenRouter has from nobody', 404, error('No endpoints found for acme/m.'), 'model-unavailable'],
    ['a resource that does not exist', 404, error('Resource not found', { code: '404' }), 'provider-unavailable'],
    [
      'a URL that Groq does not know',
      404,
      error('Unknown request URL: POST /v1', { code: 'unknown_url' }),
      'provider-unavailable',
    ],
    ['a page that does not exist', 404, '404 page not found', 'provider-unavailable'],
    ['a route that does not exist', 404, '{"detail":"Not Found"}', 'provider-unavailable'],
    [
      'a URL that does not exist',
      404,
      error('Invalid URL (POST /v2/chat/completions)', { type: 'invalid_request_error' }),
      'provider-unavailable',
    ],
    ['a method that does not exist', 405, '{"detail":"Method Not Allowed"}', 'provider-unavailable'],
    ['a request that is too large', 413, '<html>413 Request Entity Too Large</html>', 'prompt-too-long'],
    ['a model that is not ready', 424, error('The model is loading'), 'provider-unavailable'],
    ['Groq without capacity', 498, error('Flex tier capacity exceeded'), 'provider-unavailable'],
    ['an overload', 529, error('Overloaded'), 'provider-unavailable'],
    ['a server that is away', 503, 'no healthy upstream', 'provider-unavailable'],
  ])('is told apart: %s', async (_, status, body, code) => {
    expect((await readWire(vendor, { status, type: 'application/json', body })).error).toMatchObject({ code, status })
  })

  it('is not repeated if the address is wrong, and the message names the address', async () => {
    const { error } = await readWire(vendor, { status: 404, body: 'nothing here' })
    expect(error).toMatchObject({ retryable: false })
    expect(String(error)).toContain(`openai answered 404 at ${vendor.url}/chat/completions: nothing here`)
  })

  it('says how long to wait', async () => {
    const answer = { status: 503, body: 'busy', headers: { 'retry-after': '7' } }
    expect((await readWire(vendor, answer)).error).toMatchObject({ retryAfterMs: 7000 })
  })
})

describe('the sentence for callers', () => {
  const tooLong = "This model's maximum context length is 8192 tokens."

  it.each<[string, WireAnswer, string | undefined]>([
    [
      'is the own words of the vendor',
      { status: 400, body: error(tooLong, { code: 'context_length_exceeded' }) },
      `openai: ${tooLong}`,
    ],
    ['is on one line', { status: 400, body: error('One\n  two') }, 'openai: One two'],
    [
      'names the fields of a validation error',
      { status: 422, body: '{"detail":[{"loc":["body","top_p"],"msg":"Too big","type":"x"}]}' },
      'openai: top_p: Too big',
    ],
    [
      'comes with a model that does not exist',
      { status: 404, body: error('The model `m` does not exist') },
      'openai: The model `m` does not exist',
    ],
    ['says that a request is too large', { status: 413, body: '<h1>413</h1>' }, 'openai: The request is too large.'],
    [
      'comes with a failure in the stream',
      { body: event({ error: { code: 400, message: tooLong } }) },
      `openai: ${tooLong}`,
    ],
    [
      'has no secret',
      { status: 400, body: error('The key sk-abcdefghijkl is odd') },
      'openai: The key [redacted] is odd',
    ],
    ['keeps the words that a dummy key has', { status: 400, body: error('Not any model') }, 'openai: Not any model'],
    ['is absent if it is long', { status: 400, body: error('x'.repeat(301)) }, undefined],
    ['is absent if it is a page', { status: 400, body: error('<html><b>Bad</b></html>') }, undefined],
    ['is absent with a wrong key', { status: 401, body: error('Bad key') }, undefined],
    [
      'is absent with a 403, also about the prompt',
      { status: 403, body: error('Flagged', { code: 'content_policy' }) },
      undefined,
    ],
    [
      'is absent with a 403 in the stream',
      { body: event({ error: { code: 403, type: 'content_policy', message: 'Flagged' } }) },
      undefined,
    ],
    ['is absent with a failure of the vendor', { status: 500, body: error('Oops') }, undefined],
  ])('%s', async (_, answer, sentence) => {
    const { error } = await readWire(vendor, answer)
    expect(Reflect.get(Object(error), 'sentence')).toBe(sentence)
  })
})
