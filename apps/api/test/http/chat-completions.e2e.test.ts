import type { CompletionPiece, LLMProvider, Message, ProviderCapabilities } from '@promptlab/providers'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { ScriptedProvider, startServer, type TestServer } from '../support/index.ts'

const USER = { role: 'user', content: 'Hi' }
const STOP = { finishReason: 'stop', usage: { inputTokens: 3, outputTokens: 4 } } as const

const CAPABILITIES: ProviderCapabilities = {
  messages: true,
  options: ['temperature', 'tools'],
  imageTypes: ['image/png'],
  fileTypes: [],
  urls: true,
}

/** A provider that takes conversations, and does what its script says. */
function scripted(...script: ConstructorParameters<typeof ScriptedProvider>): LLMProvider {
  const provider = new ScriptedProvider(...script)
  return {
    name: provider.name,
    models: provider.models,
    capabilities: CAPABILITIES,
    complete: (_, options) => provider.complete('', options),
  }
}

async function serverOf(...providers: LLMProvider[]): Promise<TestServer> {
  return startServer({ providers })
}

function post({ url }: TestServer, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'script-1', messages: [USER], ...body }),
  })
}

const Completion = z.object({
  id: z.string(),
  choices: z.tuple([
    z.object({
      message: z.looseObject({
        content: z.string().nullable(),
        tool_calls: z.array(z.looseObject({ id: z.string() })).optional(),
      }),
      finish_reason: z.string(),
    }),
  ]),
})
const Failure = z.strictObject({
  error: z.strictObject({ message: z.string(), type: z.string(), param: z.string().nullable(), code: z.string() }),
})

async function failureOf(response: Response | Promise<Response>) {
  const answer = await response
  const { error } = Failure.parse(await answer.json())
  return { status: answer.status, ...error }
}

describe('POST /v1/chat/completions', () => {
  it('answers with a completion of a job, which can be read natively too', async () => {
    const server = await serverOf(scripted(['Hel', 'lo'], STOP))
    const response = await post(server, {})
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      object: 'chat.completion',
      model: 'script-1',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
    })
    const job = await fetch(`${server.url}/jobs/${response.headers.get('x-promptlab-job')}`)
    expect(await job.json()).toMatchObject({ result: 'Hello', provider: 'scripted', prompt: 'Hi' })
  })

  it('streams chunks, and ends with [DONE]', async () => {
    const server = await serverOf(scripted([{ type: 'reasoning', text: 'hm' }, 'Hel', 'lo'], STOP))
    const response = await post(server, { stream: true, stream_options: { include_usage: true } })
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
    const data = (await response.text()).split('\n\n').map((frame) => frame.replace(/^data: /, ''))
    expect(data.slice(-2)).toEqual(['[DONE]', ''])
    const chunks = data
      .slice(0, -2)
      .map((line) => z.looseObject({ choices: z.array(z.unknown()) }).parse(JSON.parse(line)))
    expect(chunks.slice(0, -1).map(({ choices }) => choices[0])).toMatchObject([
      { delta: { role: 'assistant', content: '' } },
      { delta: { reasoning_content: 'hm', reasoning: 'hm' } },
      { delta: { content: 'Hel' } },
      { delta: { content: 'lo' } },
      { delta: {}, finish_reason: 'stop' },
    ])
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 7 } })
  })

  it('gives the vendor its own id of a call when the result comes back', async () => {
    const asked: (readonly Message[])[] = []
    const call: CompletionPiece[] = [
      { type: 'tool-call', callId: 'vendor-1', name: 'look' },
      { type: 'tool-arguments', text: '{"a":1}' },
      { type: 'tool-call-end' },
    ]
    const provider: LLMProvider = {
      name: 'scripted',
      models: ['script-1'],
      capabilities: CAPABILITIES,
      async *complete(prompt) {
        if (typeof prompt !== 'string') asked.push(prompt)
        yield* asked.length === 0 ? call : ['Done']
        return { finishReason: asked.length === 0 ? 'tool-calls' : 'stop' }
      },
    }
    const server = await serverOf(provider)
    const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }]
    const [{ message, finish_reason }] = Completion.parse(await (await post(server, { tools })).json()).choices
    expect(finish_reason).toBe('tool_calls')
    const id = message.tool_calls?.[0]?.id
    expect(id).toMatch(/^call_[\da-f]{32}_0$/)

    const messages = [USER, message, { role: 'tool', tool_call_id: id, content: 'seen' }]
    const second = await post(server, { tools, messages })
    expect(Completion.parse(await second.json()).choices[0].message.content).toBe('Done')
    expect(asked[0]?.slice(1)).toMatchObject([
      { role: 'assistant', content: [{ type: 'tool-call', callId: 'vendor-1', name: 'look', arguments: '{"a":1}' }] },
      { role: 'tool', content: [{ type: 'tool-result', callId: 'vendor-1' }] },
    ])
  })

  it('refuses a wrong body with the parameter that is wrong', async () => {
    const server = await serverOf(scripted(['Hi']))
    expect(await failureOf(post(server, { messages: [] }))).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      param: 'messages',
      code: 'missing_required_parameter',
    })
    expect(await failureOf(post(server, { max_token: 1 }))).toMatchObject({
      status: 400,
      param: 'max_token',
      code: 'unknown_parameter',
    })
    expect(await failureOf(post(server, { temperature: 3 }))).toMatchObject({
      param: 'temperature',
      code: 'invalid_value',
      message: 'temperature: Must be a number from 0 to 2.',
    })
    const content = [{ type: 'image_url', image_url: { url: 'http://localhost/a.png' } }]
    expect(await failureOf(post(server, { messages: [{ role: 'user', content }] }))).toMatchObject({
      param: 'messages[0].content[0].image_url.url',
    })
    expect(await failureOf(post(server, { seed: 1 }))).toMatchObject({ param: 'seed', code: 'unsupported_parameter' })
  })

  it('refuses a body that is no JSON, an unknown model and an unknown path in the shape of OpenAI', async () => {
    const server = await serverOf(scripted(['Hi']))
    const headers = { 'content-type': 'application/json' }
    const broken = fetch(`${server.url}/v1/chat/completions`, { method: 'POST', headers, body: '{' })
    expect(await failureOf(broken)).toMatchObject({ status: 400, code: 'invalid_value' })
    expect(await failureOf(post(server, { model: 'none' }))).toMatchObject({
      status: 404,
      param: 'model',
      code: 'model_not_found',
    })
    expect(await failureOf(post(server, { model: 'scripted/none' }))).toMatchObject({ status: 404, param: 'model' })
    expect(await failureOf(fetch(`${server.url}/v1/chat/other`))).toMatchObject({ status: 404, code: 'not_found' })
  })

  it('answers with the status of a failure before the first text', async () => {
    const server = await serverOf(scripted([new Error('no such thing')]))
    for (const stream of [false, true]) {
      expect(await failureOf(post(server, { stream }))).toMatchObject({ status: 500, type: 'server_error' })
    }
  })

  it('ends a stream whose job fails later with the error, and without [DONE]', async () => {
    const server = await serverOf(scripted(['Hel', new Error('broken')]))
    const text = await (await post(server, { stream: true })).text()
    expect(text).not.toContain('[DONE]')
    const last = text.trimEnd().split('\n\n').at(-1) ?? ''
    expect(Failure.parse(JSON.parse(last.replace(/^data: /, ''))).error.type).toBe('server_error')
  })
})

describe('a chat completion whose job is cancelled', () => {
  it('is refused if it is not streamed, as it has no whole answer', async () => {
    const gate = Promise.withResolvers<void>()
    const server = await serverOf(scripted(['Hel', gate.promise, 'lo']))
    const answer = post(server, {})
    await cancelTheJob(server)
    expect(await failureOf(answer)).toMatchObject({ status: 400, code: 'response_cancelled' })
  })

  it('ends its stream with the error, and without [DONE]', async () => {
    const gate = Promise.withResolvers<void>()
    const server = await serverOf(scripted(['Hel', gate.promise, 'lo']))
    const answer = await post(server, { stream: true })
    await cancelTheJob(server)
    const text = await answer.text()
    expect(text).toContain('"content":"Hel"')
    expect(text).toContain('"code":"response_cancelled"')
    expect(text).not.toContain('[DONE]')
  })
})

/** Cancels the job of the server natively, as soon as it runs. */
async function cancelTheJob({ url }: TestServer): Promise<void> {
  const Jobs = z.object({ data: z.array(z.object({ id: z.string() })) })
  const running = await vi.waitFor(async () => {
    const { data } = Jobs.parse(await (await fetch(`${url}/jobs?status=running`)).json())
    expect(data).toHaveLength(1)
    return data
  })
  await fetch(`${url}/jobs/${running[0]?.id}/cancel`, { method: 'POST' })
}

describe('/v1/chat/completions/:id', () => {
  it('is the same completion again, until it is deleted', async () => {
    const server = await serverOf(scripted(['Hello'], STOP))
    const made: unknown = await (await post(server, { store: true, metadata: { run: '7' } })).json()
    const { id } = Completion.parse(made)
    const url = `${server.url}/v1/chat/completions/${id}`
    expect(made).toMatchObject({ metadata: { run: '7' } })
    expect(await (await fetch(url)).json()).toEqual(made)
    expect(await (await fetch(url, { method: 'DELETE' })).json()).toEqual({
      object: 'chat.completion.deleted',
      id,
      deleted: true,
    })
    expect(await failureOf(fetch(url))).toMatchObject({ status: 404, code: 'not_found' })
  })

  it('is there for a job that was made natively', async () => {
    const server = await serverOf(scripted(['Hello'], STOP))
    const job = await fetch(`${server.url}/jobs?view=full`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'wait=10' },
      body: JSON.stringify({ prompt: 'Hi', provider: 'scripted', model: 'script-1' }),
    })
    const { id } = z.object({ id: z.string() }).parse(await job.json())
    const completion = await fetch(`${server.url}/v1/chat/completions/chatcmpl-${id.replaceAll('-', '')}`)
    expect(await completion.json()).toMatchObject({
      model: 'scripted/script-1',
      choices: [{ message: { content: 'Hello' } }],
    })
  })

  it('is not there if it was not to be stored', async () => {
    const server = await serverOf(scripted(['Hello'], STOP))
    const { id } = Completion.parse(await (await post(server, { store: false })).json())
    expect(await failureOf(fetch(`${server.url}/v1/chat/completions/${id}`))).toMatchObject({ status: 404 })
  })

  it('tells what is not offered', async () => {
    const server = await serverOf(scripted(['Hello'], STOP))
    const { id } = Completion.parse(await (await post(server, {})).json())
    const url = `${server.url}/v1/chat/completions`
    const update = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"metadata":{}}' }
    expect(await failureOf(fetch(url))).toMatchObject({
      status: 404,
      message: expect.stringContaining('not listed here'),
    })
    expect(await failureOf(fetch(`${url}/${id}`, update))).toMatchObject({
      status: 404,
      message: expect.stringContaining('cannot be changed'),
    })
    expect(await failureOf(fetch(`${url}/${id}/messages`))).toMatchObject({ status: 404 })
    expect(await failureOf(fetch(`${url}/other`))).toMatchObject({ status: 404 })
  })
})
