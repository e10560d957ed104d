import { ProviderError } from '@promptlab/providers'
import { describe, expect, it } from 'vitest'
import { eventsOf, post, refusalOf, STOP, send, serverOf } from '../support/responses-client.ts'

describe('/v1/responses, where it refuses', () => {
  it('answers a job that fails at once with the status of its failure, and one that fails later with events', async () => {
    const failure = new ProviderError('broken', { code: 'provider-rejected' })
    const early = await serverOf([failure])
    expect(await refusalOf(post(early, {}))).toMatchObject({ status: 400, type: 'invalid_request_error' })
    expect(await refusalOf(post(early, { stream: true }))).toMatchObject({ status: 400 })
    const late = await serverOf(['Hel', failure])
    const events = await eventsOf(post(late, { stream: true }))
    expect(events.slice(-2)).toMatchObject([
      { type: 'error', sequence_number: 1_999_999_999 },
      { type: 'response.failed', sequence_number: 2_000_000_000, response: { status: 'failed' } },
    ])
  })

  it.each([
    [{ model: 'none' }, 400, 'model', 'model_not_found'],
    [{ foo: 1 }, 400, 'foo', 'unknown_parameter'],
    [{ input: null }, 400, 'input', 'missing_required_parameter'],
    [{ temperature: 3 }, 400, 'temperature', 'invalid_value'],
    [{ top_p: 0.5 }, 400, 'top_p', 'unsupported_parameter'],
    [
      { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'http://localhost/' }] }] },
      400,
      'input[0].content[0].image_url',
      'invalid_value',
    ],
    [
      { input: [{ type: 'function_call_output', call_id: 'call_1', output: '' }] },
      400,
      'input[0].call_id',
      'invalid_value',
    ],
    [{ input: [{ type: 'item_reference', id: 'msg_1' }] }, 404, 'input', 'not_found'],
  ])('refuses with the name of the parameter: %j', async (body, status, param, code) => {
    const server = await serverOf(['Hello'], STOP)
    expect(await refusalOf(post(server, body))).toMatchObject({ status, param, code })
  })

  it('has no other routes', async () => {
    const server = await serverOf(['Hello'], STOP)
    expect(await refusalOf(send(server, '/compact', 'POST', {}))).toMatchObject({ status: 404 })
    expect(await refusalOf(send(server, '/other'))).toMatchObject({ status: 404 })
  })
})
