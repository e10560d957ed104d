import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { WireAnswer } from '../openai/wire-case.ts'
import { type LoopbackVendor, startAnthropicVendor } from '../testing/index.ts'
import { end, event, readWire, start, textBlock } from './wire-case.ts'

let vendor: LoopbackVendor
beforeAll(async () => {
  vendor = await startAnthropicVendor()
})
afterAll(() => vendor.close())

const failed = (type: string, message = 'Because.', details?: object) => ({
  type: 'error',
  error: { type, message, details },
})

describe('a failure of Anthropic', () => {
  it.each<[string, string, string, boolean]>([
    ['overload inside the stream', event('error', failed('overloaded_error')), 'provider-unavailable', true],
    [
      'overload without a name',
      `data: ${JSON.stringify(failed('overloaded_error'))}\n\n`,
      'provider-unavailable',
      true,
    ],
    ['overload as bare JSON', JSON.stringify(failed('overloaded_error')), 'provider-unavailable', true],
    ['a rate limit', event('error', failed('rate_limit_error')), 'provider-rate-limited', true],
    ['an inner error', event('error', failed('api_error')), 'provider-unavailable', true],
    ['a time-out', event('error', failed('timeout_error')), 'provider-unavailable', true],
    ['a wrong key', event('error', failed('authentication_error')), 'provider-auth', false],
    ['a bill', event('error', failed('billing_error')), 'provider-quota-exceeded', false],
    ['a wrong request', event('error', failed('invalid_request_error')), 'provider-rejected', false],
    ['a model that is not there', event('error', failed('not_found_error', 'model: x')), 'model-unavailable', false],
    ['a request that is too large', event('error', failed('request_too_large')), 'prompt-too-long', false],
    ['an error that nobody knows', event('error', failed('new_error')), 'provider-unavailable', true],
    ['words in an event', 'event: error\ndata: It broke\n\n', 'provider-unavailable', true],
    ['a reason that nobody knows', end('new_reason'), 'provider-malformed', true],
    ['a pause', end('pause_turn'), 'provider-malformed', true],
    ['an event that is no object', 'data: 7\n\n', 'provider-malformed', true],
    ['a page', '<h1>Welcome</h1>', 'provider-malformed', true],
    ['an end without a marker', event('ping'), 'provider-malformed', true],
  ])('is read from %s, behind the text before it', async (_, body, code, retryable) => {
    const { fragments, error } = await readWire(vendor, { body: start() + textBlock(0, 'Hi') + body })
    expect(fragments).toEqual(['Hi'])
    expect(error).toMatchObject({ code, retryable })
  })

  const refused = (status: number, body: object, headers = {}): WireAnswer => ({
    status,
    body: JSON.stringify(body),
    type: 'application/json',
    headers,
  })
  const tooLong = 'prompt is too long: 250000 tokens > 200000 maximum'
  const spent = { error_code: 'enforced_spend_limit_reached' }

  it.each<[string, WireAnswer, object]>([
    [
      'a prompt that is too long',
      refused(400, failed('invalid_request_error', tooLong)),
      { code: 'prompt-too-long', sentence: `anthropic: ${tooLong}` },
    ],
    [
      'an account without credit',
      refused(400, failed('invalid_request_error', 'Your credit balance is too low to access the Anthropic API.')),
      { code: 'provider-quota-exceeded', retryable: false },
    ],
    [
      'a limit of the month',
      refused(
        400,
        failed('invalid_request_error', 'You have reached your API usage limits. You will regain access on …'),
      ),
      { code: 'provider-quota-exceeded', retryable: false },
    ],
    ['a bill', refused(402, failed('billing_error')), { code: 'provider-quota-exceeded', retryable: false }],
    ['a wrong key', refused(401, failed('authentication_error')), { code: 'provider-auth', retryable: false }],
    ['a permission', refused(403, failed('permission_error')), { code: 'provider-auth', retryable: false }],
    [
      'a model that is not there',
      refused(404, failed('not_found_error', 'model: claude-x')),
      { code: 'model-unavailable', sentence: 'anthropic: model: claude-x' },
    ],
    [
      'a wrong address',
      refused(404, failed('not_found_error', 'Not found')),
      { code: 'provider-unavailable', retryable: false },
    ],
    ['another server', { status: 404, body: 'page not found' }, { code: 'provider-unavailable', retryable: false }],
    [
      'a request that is too large',
      refused(413, failed('request_too_large', 'Request exceeds the maximum size')),
      { code: 'prompt-too-long', sentence: 'anthropic: Request exceeds the maximum size' },
    ],
    [
      'a rate limit',
      refused(429, failed('rate_limit_error'), { 'retry-after': '30' }),
      { code: 'provider-rate-limited', retryable: true, retryAfterMs: 30_000 },
    ],
    [
      'a spend limit',
      refused(429, failed('rate_limit_error', 'Limit reached.', spent)),
      { code: 'provider-quota-exceeded', retryable: false },
    ],
    ['a time-out', refused(504, failed('timeout_error')), { code: 'provider-unavailable', retryable: true }],
    [
      'overload',
      refused(529, failed('overloaded_error'), { 'retry-after': '5' }),
      { code: 'provider-unavailable', retryable: true, retryAfterMs: 5_000 },
    ],
  ])('is read from %s', async (_, answer, expected) => {
    const { error } = await readWire(vendor, answer)
    expect(error).toMatchObject({ ...expected, status: answer.status })
  })
})
