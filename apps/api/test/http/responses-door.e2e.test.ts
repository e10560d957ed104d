import type { CompletionPiece } from '@promptlab/providers'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { startServer } from '../support/index.ts'
import { eventsOf, post, refusalOf, STOP, scripted, send, serverOf, shown } from '../support/responses-client.ts'

const ANSWER: CompletionPiece[] = [
  { type: 'reasoning', text: 'Hm' },
  { type: 'reasoning', text: '', carry: { sig: 'x' } },
  'Hel',
  'lo',
  { type: 'tool-call', callId: 'vendor-1', name: 'get_sum' },
  { type: 'tool-arguments', text: '{"a":2}' },
  { type: 'tool-call-end' },
]
const SECRET = 'reasoning.encrypted_content'

describe('/v1/responses', () => {
  it('answers with the response of a job, and gives the same again', async () => {
    const server = await serverOf(ANSWER, STOP)
    const made = await shown(post(server, { temperature: 0.5, metadata: { a: 'b' }, include: [SECRET] }))
    const id = made.id.slice('resp_'.length)
    expect(made).toMatchObject({
      object: 'response',
      status: 'completed',
      background: false,
      model: 'script-1',
      temperature: 0.5,
      top_p: 1,
      metadata: { a: 'b' },
      error: null,
      store: true,
      output: [
        {
          id: `rs_${id}_0`,
          type: 'reasoning',
          summary: [{ type: 'summary_text', text: 'Hm' }],
          encrypted_content: expect.any(String),
        },
        {
          id: `msg_${id}_1`,
          type: 'message',
          status: 'completed',
          role: 'assistant',
          content: [{ type: 'output_text', text: 'Hello', annotations: [], logprobs: [] }],
        },
        { id: `fc_${id}_2`, type: 'function_call', call_id: `call_${id}_2`, name: 'get_sum', arguments: '{"a":2}' },
      ],
      usage: {
        input_tokens: 3,
        input_tokens_details: { cached_tokens: 1 },
        output_tokens: 4,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 7,
      },
    })
    expect(await shown(send(server, `/${made.id}`))).toEqual(made)
  })

  it('streams events whose last has the response, and gives the rest behind any number', async () => {
    const server = await serverOf(ANSWER, STOP)
    const events = await eventsOf(post(server, { stream: true }))
    const response = events.at(-1)?.response
    expect(events.map(({ type }) => type)).toContain('response.function_call_arguments.delta')
    expect(response).toEqual(await shown(send(server, `/${response?.id}`)))
    expect(await eventsOf(send(server, `/${response?.id}?stream=true`))).toEqual(events)
    for (const [index, { sequence_number: number }] of events.entries()) {
      const rest = await eventsOf(send(server, `/${response?.id}?stream=true&starting_after=${number}`))
      expect(rest).toEqual(events.slice(index + 1))
    }
  })

  it('answers at once in the background, and can be read while the job runs', async () => {
    const gate = Promise.withResolvers<void>()
    const server = await serverOf(['Hel', gate.promise, 'lo'], STOP)
    const made = await shown(post(server, { background: true }))
    expect(made).toMatchObject({ background: true, output: [], usage: null, completed_at: null })
    expect(['queued', 'in_progress']).toContain(made.status)
    const events = eventsOf(send(server, `/${made.id}?stream=true`))
    gate.resolve()
    expect((await events).map(({ type }) => type)).toEqual([
      'response.created',
      'response.queued',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ])
  })

  it('cancels a response, as often as it is asked to', async () => {
    const server = await serverOf(['Hel', new Promise(() => {})])
    const { id } = await shown(post(server, { background: true }))
    const events = eventsOf(send(server, `/${id}?stream=true`))
    const cancelled = await shown(send(server, `/${id}/cancel`, 'POST'))
    expect(cancelled).toMatchObject({ id, status: 'cancelled', error: null })
    expect(await shown(send(server, `/${id}/cancel`, 'POST'))).toEqual(cancelled)
    expect((await events).at(-1)).toMatchObject({ type: 'response.failed', response: { status: 'cancelled' } })
  })

  it('deletes a response, also one that runs', async () => {
    const server = await serverOf(['Hel', new Promise(() => {})])
    const { id } = await shown(post(server, { background: true }))
    const deleted = await send(server, `/${id}`, 'DELETE')
    expect(await deleted.json()).toEqual({ id, object: 'response', deleted: true })
    expect(await refusalOf(send(server, `/${id}`))).toMatchObject({
      status: 404,
      message: `Response with id '${id}' not found.`,
    })
    expect(await refusalOf(post(server, { previous_response_id: id }))).toMatchObject({
      status: 400,
      code: 'previous_response_not_found',
      param: 'previous_response_id',
    })
  })

  it('goes on behind a response, and with the items of one', async () => {
    const { provider, asked } = scripted(ANSWER, STOP)
    const server = await startServer({ providers: [provider] })
    const { id, output } = await shown(post(server, {}))
    const results = [{ type: 'function_call_output', call_id: output[2]?.['call_id'], output: '2' }]
    await shown(post(server, { previous_response_id: id, input: results }))
    const references = output.map((item) => ({ type: 'item_reference', id: item.id }))
    await shown(post(server, { input: [{ role: 'user', content: 'Hi' }, ...references, ...results] }))
    expect(asked[1]).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hm', carry: { sig: 'x' } },
          { type: 'text', text: 'Hello' },
          { type: 'tool-call', callId: 'vendor-1', name: 'get_sum', arguments: '{"a":2}' },
        ],
      },
      { role: 'tool', content: [{ type: 'tool-result', callId: 'vendor-1', content: [{ type: 'text', text: '2' }] }] },
    ])
    expect(asked[2]).toEqual(asked[1])
  })

  it('lists the items of its input', async () => {
    const server = await serverOf(['Hello'], STOP)
    const long = 'long '.repeat(1_000)
    const made = await shown(
      post(server, {
        input: [
          { role: 'user', content: long },
          {
            role: 'assistant',
            content: [
              { type: 'output_text', text: 'A' },
              { type: 'output_text', text: 'B' },
            ],
          },
          {
            role: 'user',
            content: [
              { type: 'input_text', text: 'C' },
              { type: 'input_image', image_url: 'https://example.com/a.png' },
            ],
          },
        ],
      }),
    )
    const id = made.id.slice('resp_'.length)
    const list = await (await send(server, `/${made.id}/input_items?order=asc&limit=3`)).json()
    expect(list).toMatchObject({
      object: 'list',
      first_id: `msg_${id}_i0`,
      last_id: `msg_${id}_i1_1`,
      has_more: true,
      data: [
        { id: `msg_${id}_i0`, type: 'message', role: 'user', content: [{ type: 'input_text', text: long }] },
        { id: `msg_${id}_i1_0`, role: 'assistant', content: [{ type: 'output_text', text: 'A' }] },
        { id: `msg_${id}_i1_1`, role: 'assistant', content: [{ type: 'output_text', text: 'B' }] },
      ],
    })
    expect(await (await send(server, `/${made.id}/input_items?order=asc&after=msg_${id}_i1_1`)).json()).toMatchObject({
      has_more: false,
      data: [
        { id: `msg_${id}_i2`, content: [{ text: 'C' }, { image_url: 'https://example.com/a.png', detail: 'auto' }] },
      ],
    })
    expect(await refusalOf(send(server, `/${made.id}/input_items?after=other`))).toMatchObject({
      status: 400,
      param: 'after',
    })
  })

  it('shows a job that was made natively', async () => {
    const server = await serverOf(['Hello'], STOP)
    const job = await fetch(`${server.url}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'wait=20' },
      body: JSON.stringify({ prompt: 'Hi', provider: 'scripted', model: 'script-1' }),
    })
    const { id } = z.looseObject({ id: z.string() }).parse(await job.json())
    const response = await shown(send(server, `/resp_${id.replaceAll('-', '')}`))
    expect(response).toMatchObject({ status: 'completed', model: 'scripted/script-1', output: [{ type: 'message' }] })
  })

  it('does not show a response that is not to be stored', async () => {
    const server = await serverOf(['Hello'], STOP)
    const made = await shown(post(server, { store: false }))
    expect(made).toMatchObject({ status: 'completed', store: false })
    expect(await refusalOf(send(server, `/${made.id}`))).toMatchObject({ status: 404 })
  })
})
