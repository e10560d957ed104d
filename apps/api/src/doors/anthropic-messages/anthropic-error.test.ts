import { ProblemCode } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { ApiError } from '../../base/api-error.ts'
import { refuseAsAnthropic } from './anthropic-error.ts'

const refused = (code: ProblemCode, retryAfterSeconds?: number) =>
  refuseAsAnthropic(new ApiError(code, 'No.', retryAfterSeconds === undefined ? {} : { retryAfterSeconds }), {
    id: 'r1',
  })

describe('refuseAsAnthropic', () => {
  it.each<[ProblemCode, number, string]>([
    ['invalid-request', 400, 'invalid_request_error'],
    ['unauthorized', 401, 'authentication_error'],
    ['provider-quota-exceeded', 402, 'billing_error'],
    ['storage-quota-exceeded', 403, 'permission_error'],
    ['unknown-model', 404, 'not_found_error'],
    ['payload-too-large', 413, 'request_too_large'],
    ['provider-rate-limited', 429, 'rate_limit_error'],
    ['provider-unavailable', 500, 'api_error'],
    ['provider-timeout', 504, 'timeout_error'],
    ['shutting-down', 529, 'overloaded_error'],
  ])('says %s as %i %s', (code, status, type) => {
    const answer = refused(code)
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.body)).toEqual({ type: 'error', error: { type, message: 'No.' }, request_id: 'r1' })
  })

  it('never answers with a status that means to send the same request again at once', () => {
    const statuses = ProblemCode.options.map((code) => refused(code).status)
    expect(statuses).not.toContain(408)
    expect(statuses).not.toContain(409)
  })

  it('says when to send the request again, and where that does not help', () => {
    expect(refused('rate-limited', 7).headers).toEqual({
      'request-id': 'r1',
      'retry-after': '7',
      'retry-after-ms': '7000',
    })
    expect(refused('provider-auth').headers).toEqual({ 'request-id': 'r1', 'x-should-retry': 'false' })
  })

  it('makes SDKs go on without a thread', () => {
    const faults = [{ path: 'thread', message: 'Is not supported here' }]
    const { body } = refuseAsAnthropic(new ApiError('invalid-request', 'No.', { faults }), { id: 'r1' })
    expect(JSON.parse(body)).toMatchObject({ error: { details: { error_code: 'thread_unsupported_request' } } })
  })
})
