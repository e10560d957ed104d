import { ProviderError } from '@promptlab/providers'
import { describe, expect, it } from 'vitest'
import { afterFailure, type FailedCall } from './after-failure.ts'

const NOW = Date.parse('2026-11-27T12:00:00Z')
const timeIn = (ms: number) => new Date(NOW + ms).toISOString()
const limited = (retryAfterMs?: number) => new ProviderError('limited', { code: 'provider-rate-limited', retryAfterMs })
const unavailable = (status?: number) => new ProviderError('down', { code: 'provider-unavailable', status })

const decide = (failed: Partial<FailedCall>) =>
  afterFailure({
    error: limited(),
    now: NOW,
    hasPublished: false,
    calls: 1,
    callsBefore: 0,
    patientUntil: NOW + 100_000,
    isForeground: false,
    random: 0,
    ...failed,
  })

describe('afterFailure', () => {
  it.each([
    ['the vendor tells', { error: limited(70_000) }, 'rate-limit', 70_000],
    ['a 503 stands for overload', { error: unavailable(503) }, 'overload', 1_000],
    ['a 529 stands for overload', { error: unavailable(529) }, 'overload', 1_000],
    ['the vendor tells nothing', {}, 'rate-limit', 1_000],
    ['many are refused together', { random: 1 }, 'rate-limit', 1_500],
    ['it was refused before', { callsBefore: 3 }, 'rate-limit', 8_000],
    ['it was refused very often', { callsBefore: 50 }, 'rate-limit', 30_000],
    ['the vendor tells no wait', { error: limited(0) }, 'rate-limit', 0],
    ['the vendor told no wait five times', { error: limited(0), callsBefore: 4 }, 'rate-limit', 1_000],
    ['the vendor always tells no wait', { error: limited(0), callsBefore: 50 }, 'rate-limit', 30_000],
    ['the vendor tells a longer wait than ours', { error: limited(40_000), callsBefore: 50 }, 'rate-limit', 40_000],
    ['its patience just suffices', { error: limited(100_000) }, 'rate-limit', 100_000],
    ['a client waits at a door', { isForeground: true }, 'rate-limit', 1_000],
  ] as const)('puts a refused job back in line when %s', (_, failed, reason, waitMs) => {
    expect(decide(failed)).toEqual({ action: 'put-back', waitingFor: { reason, until: timeIn(waitMs) } })
  })

  const over = { patientUntil: NOW }
  it.each([
    ['a vendor that cannot be reached', { error: unavailable() }, 0],
    ['a failure of the vendor', { error: unavailable(500), calls: 2 }, 0],
    ['a refusal, if the patience was over before the first', over, 0],
    ['a refusal that tells a short wait, if the patience was over', { ...over, error: limited(60_000) }, 60_000],
  ] as const)('calls again after %s', (_, failed, waitMs) => {
    expect(decide(failed)).toEqual({ action: 'call-again', waitMs })
  })

  it.each([
    ['something of the answer was published', { hasPublished: true }],
    ['three calls failed', { error: unavailable(500), calls: 3 }],
    ['three calls were refused when the patience was over', { ...over, calls: 3 }],
    ['the patience is over and it has waited', { ...over, callsBefore: 1 }],
    ['the patience is over and a client waits at a door', { ...over, isForeground: true }],
    ['the patience is over and the vendor tells a long wait', { ...over, error: limited(60_001) }],
    ['a limit of spending was reached', { error: new ProviderError('money', { code: 'provider-quota-exceeded' }) }],
    ['the call may have been paid for', { error: new ProviderError('late', { code: 'provider-timeout' }) }],
    [
      'another try does not help',
      { error: new ProviderError('no', { code: 'provider-unavailable', retryable: false }) },
    ],
    ['the vendor is not to blame', { error: new Error('ours') }],
  ] as const)('fails the job when %s', (_, failed) => {
    expect(decide(failed)).toEqual({ action: 'fail' })
  })
})
