import { describe, expect, it } from 'vitest'
import { failureOfSending, failureOfStatus, failureOfTransport, providerErrorOf } from './vendor-failure.ts'

const caused = (message: string, code: string) =>
  new TypeError(message, { cause: Object.assign(new Error('inner'), { code }) })

describe('a failure of a vendor', () => {
  it.each<[Error, string]>([
    [caused('fetch failed', 'ECONNREFUSED'), 'provider-unavailable'],
    [caused('fetch failed', 'ENOTFOUND'), 'provider-unavailable'],
    [caused('fetch failed', 'CERT_HAS_EXPIRED'), 'provider-unavailable'],
    [caused('fetch failed', 'ETIMEDOUT'), 'provider-timeout'],
    [caused('fetch failed', 'UND_ERR_CONNECT_TIMEOUT'), 'provider-timeout'],
    [caused('terminated', 'UND_ERR_BODY_TIMEOUT'), 'provider-timeout'],
    [caused('terminated', 'ECONNRESET'), 'provider-unavailable'],
    [new TypeError('terminated'), 'provider-unavailable'],
    [new SyntaxError('Unexpected token'), 'provider-malformed'],
    [new TypeError('x is not a function'), 'provider-malformed'],
  ])('turns %s into a code', (error, code) => {
    expect(failureOfTransport(error).code).toBe(code)
  })

  it('reads an error that is its own cause', () => {
    const error = new Error('a')
    error.cause = error
    expect(failureOfTransport(error).code).toBe('provider-malformed')
  })

  it('redacts before it cuts, so that no half of a key remains', () => {
    const key = 'Zq7+test/key=0123456789'
    const error = providerErrorOf('acme', { ...failureOfStatus(500), vendorText: `${'x'.repeat(490)}${key}` }, [key])
    expect(error.message).toBe(`acme answered 500: ${'x'.repeat(490)}[redacted]`)
  })
})

describe('failureOfSending', () => {
  it.each([
    ['ETIMEDOUT', 'provider-timeout'],
    ['ECONNREFUSED', 'provider-unavailable'],
    ['unknown', 'provider-unavailable'],
  ])('turns a request that failed with %s into %s', (code, expected) => {
    expect(failureOfSending(Object.assign(new Error('no answer'), { code })).code).toBe(expected)
  })
})
