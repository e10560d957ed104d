import { describe, expect, it } from 'vitest'
import { anthropicLimits, openAILimits, type RequestLimits } from './request-limits.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z')

describe('openAILimits', () => {
  it.each([
    ['12ms', 12],
    ['1s', 1_000],
    ['1.5s', 1_500],
    ['8.64s', 8_640],
    ['6m0s', 360_000],
    ['2m59.56s', 179_560],
    ['1h2m3s', 3_723_000],
    ['1s500ms', 1_500],
    ['0.4ms', 1],
    [' 300ms ', 300],
  ])('reads a reset of "%s" as %i ms', (reset, resetMs) => {
    expect(openAILimits(new Headers(openAIHeaders('0', reset)))).toEqual({ remainingRequests: 0, resetMs })
  })

  it.each<[string, Record<string, string>, RequestLimits]>([
    ['some are left', openAIHeaders('59', '1s'), { remainingRequests: 59, resetMs: 1_000 }],
    ['the limit is told', openAIHeaders('0', '1m0s', '60'), { remainingRequests: 0, resetMs: 60_000, limit: 60 }],
    ['the limit is no number', openAIHeaders('0', '1s', 'many'), { remainingRequests: 0, resetMs: 1_000 }],
    ['the limit is 0', openAIHeaders('0', '1s', '0'), { remainingRequests: 0, resetMs: 1_000 }],
  ])('reads what is left when %s', (_, headers, limits) => {
    expect(openAILimits(new Headers(headers))).toEqual(limits)
  })

  it.each<[string, Record<string, string>]>([
    ['there are none', {}],
    ['there is no reset', { 'x-ratelimit-remaining-requests': '0' }],
    ['nothing says what is left', { 'x-ratelimit-reset-requests': '1s' }],
    ['only tokens are told', { 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '1s' }],
    ['the reset is empty', openAIHeaders('0', '')],
    ['the reset is now', openAIHeaders('0', '0s')],
    ['the reset has no unit', openAIHeaders('0', '300')],
    ['the reset is negative', openAIHeaders('0', '-1s')],
    ['the reset is a word', openAIHeaders('0', 'soon')],
    ['the reset is a time', openAIHeaders('0', '2026-01-01T00:00:01Z')],
    ['its units are in another order', openAIHeaders('0', '1s1h')],
    ['what is left is negative', openAIHeaders('-1', '1s')],
    ['what is left is no number', openAIHeaders('none', '1s')],
    ['what is left is empty', openAIHeaders('', '1s')],
    ['headers were sent twice', openAIHeaders('0, 5', '1s')],
  ])('ignores the headers when %s', (_, headers) => {
    expect(openAILimits(new Headers(headers))).toBeUndefined()
  })
})

describe('anthropicLimits', () => {
  it.each([
    ['2026-01-01T00:00:01Z', 1_000],
    ['2026-01-01T00:00:00.250Z', 250],
    ['2026-01-01T01:01:00+01:00', 60_000],
  ])('reads a reset of "%s" as %i ms from now', (reset, resetMs) => {
    const headers = new Headers(anthropicHeaders('0', reset, '50'))
    expect(anthropicLimits(headers, NOW)).toEqual({ remainingRequests: 0, resetMs, limit: 50 })
  })

  it.each([
    ['there is none', ''],
    ['it is over', '2025-12-31T23:59:59Z'],
    ['it is a duration', '300ms'],
    ['it is a number', '1767225601'],
    ['it is a day', '2026-01-02'],
    ['there is no such time', '2026-13-01T00:00:00Z'],
  ])('ignores a reset if %s', (_, reset) => {
    expect(anthropicLimits(new Headers(anthropicHeaders('0', reset)), NOW)).toBeUndefined()
  })
})

function openAIHeaders(remaining: string, reset: string, limit?: string): Record<string, string> {
  return {
    'x-ratelimit-remaining-requests': remaining,
    'x-ratelimit-reset-requests': reset,
    ...(limit !== undefined && { 'x-ratelimit-limit-requests': limit }),
  }
}

function anthropicHeaders(remaining: string, reset: string, limit?: string): Record<string, string> {
  return {
    'anthropic-ratelimit-requests-remaining': remaining,
    'anthropic-ratelimit-requests-reset': reset,
    ...(limit !== undefined && { 'anthropic-ratelimit-requests-limit': limit }),
  }
}
