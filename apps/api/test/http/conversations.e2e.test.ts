import { Job, Problem } from '@promptlab/contract'
import type { CompletionOptions, LLMProvider, Message } from '@promptlab/providers'
import {
  type Exchange,
  type LoopbackVendor,
  startAnthropicVendor,
  startGeminiVendor,
} from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createJob, finishedJob, getJob, postJob, problemOf } from '../support/job-client.ts'
import { newStorePath, startServer } from '../support/test-server.ts'

/** Says what it was asked for, in turn, and remembers the messages of its last call. */
class Listener implements LLMProvider {
  readonly name: string
  readonly models = ['m']
  readonly capabilities = {
    messages: true,
    options: ['tools' as const],
    imageTypes: ['image/png'],
    fileTypes: [],
    urls: false,
  }
  asked: string | readonly Message[] = ''

  constructor(name: string) {
    this.name = name
  }

  async *complete(prompt: string | readonly Message[], { signal }: CompletionOptions) {
    signal.throwIfAborted()
    this.asked = prompt
    yield { type: 'reasoning' as const, text: 'Hm.' }
    yield { type: 'reasoning' as const, text: '', carry: { by: this.name } }
    yield 'Well.'
    yield { type: 'tool-call' as const, callId: 'c1', name: 'look' }
    yield { type: 'tool-arguments' as const, text: '{}' }
    yield { type: 'tool-call-end' as const }
    return undefined
  }
}

describe('previousJobId', () => {
  it('gives the provider the whole conversation, and only its own provider what it wants back', async () => {
    const [one, two] = [new Listener('one'), new Listener('two')]
    const { url } = await startServer({ providers: [one, two] })
    const first = await finishedJob(url, {
      prompt: 'Hello',
      provider: 'one',
      model: 'm',
      options: { tools: [{ name: 'look' }] },
    })
    const result = { type: 'tool-result', callId: 'c1', content: 'Nothing.' }
    const next = { messages: [{ role: 'tool', content: [result] }], model: 'm', previousJobId: first.id }
    const second = await finishedJob(url, { ...next, provider: 'one' })
    const reasoning = (carry: object) => ({ type: 'reasoning', text: 'Hm.', ...carry })
    const answer = (carry: object) => ({
      role: 'assistant',
      content: [
        reasoning(carry),
        { type: 'text', text: 'Well.' },
        { type: 'tool-call', callId: 'c1', name: 'look', arguments: '{}' },
      ],
    })
    const asked = { role: 'user', content: [{ type: 'text', text: 'Hello' }] }
    const told = { role: 'tool', content: [{ ...result, content: [{ type: 'text', text: 'Nothing.' }] }] }
    expect(one.asked).toEqual([asked, answer({ carry: { by: 'one' } }), told])
    await finishedJob(url, { prompt: 'And?', provider: 'two', model: 'm', previousJobId: second.id })
    expect(two.asked).toEqual([
      asked,
      answer({}),
      told,
      answer({}),
      { role: 'user', content: [{ type: 'text', text: 'And?' }] },
    ])
  })

  it('leaves out a tool call that was cut', async () => {
    const gate = Promise.withResolvers<void>()
    const listener = new Listener('one')
    const cutting: LLMProvider = {
      name: 'cutting',
      models: ['m'],
      async *complete(_, { signal }) {
        yield 'So.'
        yield { type: 'tool-call', callId: 'c1', name: 'look' }
        gate.resolve()
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
        return undefined
      },
    }
    const { url } = await startServer({ providers: [listener, cutting] })
    const { id } = await createJob(url, { prompt: 'Hello', provider: 'cutting', model: 'm' })
    await gate.promise
    const cancelled = Job.parse(await (await fetch(`${url}/jobs/${id}/cancel`, { method: 'POST' })).json())
    expect(cancelled.status === 'cancelled' && cancelled.output).toEqual([
      { type: 'text', text: 'So.' },
      { type: 'tool-call', callId: 'c1', name: 'look', arguments: '', incomplete: true },
    ])
    await finishedJob(url, { prompt: 'Go on', provider: 'one', model: 'm', previousJobId: id })
    expect(listener.asked).toMatchObject([{}, { role: 'assistant', content: [{ type: 'text', text: 'So.' }] }, {}])
  })

  it('fails a job whose previous job was removed while it waited', async () => {
    const gate = Promise.withResolvers<void>()
    const slow: LLMProvider = {
      name: 'slow',
      models: ['m'],
      capabilities: new Listener('').capabilities,
      async *complete() {
        await gate.promise
        yield 'Done.'
        return undefined
      },
    }
    const { url } = await startServer({ providers: [new Listener('one'), slow], env: { MAX_CONCURRENT_JOBS: '1' } })
    const first = await finishedJob(url, { prompt: 'Hello', provider: 'one', model: 'm' })
    await createJob(url, { prompt: 'Hold the slot', provider: 'slow', model: 'm' })
    const { id } = await createJob(url, { prompt: 'Go on', provider: 'slow', model: 'm', previousJobId: first.id })
    expect((await fetch(`${url}/jobs/${first.id}`, { method: 'DELETE' })).status).toBe(204)
    gate.resolve()
    await (await fetch(`${url}/jobs/${id}/stream`)).text()
    expect(await getJob(url, id)).toMatchObject({ status: 'failed', error: { code: 'previous-job-gone' } })
    expect(
      (await problemOf(await postJob(url, { prompt: 'Again', provider: 'one', model: 'm', previousJobId: first.id })))
        .code,
    ).toBe('previous-job-gone')
  })

  it('goes on only behind a job of the same caller', async () => {
    const key = 'a'.repeat(40)
    const other = 'b'.repeat(40)
    const { url } = await startServer({
      providers: [new Listener('one')],
      env: { API_KEYS: `alice:${key},bob:${other}` },
    })
    const post = (bearer: string, body: object) =>
      fetch(`${url}/jobs`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json', prefer: 'wait' },
        body: JSON.stringify({ provider: 'one', model: 'm', ...body }),
      })
    const image = { type: 'image', mediaType: 'image/png', data: 'AAAA' }
    const first = Job.parse(await (await post(key, { messages: [{ role: 'user', content: [image] }] })).json())
    expect((await problemOf(await post(other, { prompt: 'And?', previousJobId: first.id }))).code).toBe(
      'previous-job-gone',
    )
    const part = first.messages?.[0]?.content[0]
    const item = typeof part === 'object' && 'item' in part ? part.item : ''
    const read = (bearer: string) =>
      fetch(`${url}/jobs/${first.id}/items/${item}`, { headers: { authorization: `Bearer ${bearer}` } })
    expect((await read(key)).status).toBe(200)
    expect(Problem.parse(await (await read(other)).json()).code).toBe('job-not-found')
  })
})

describe('a signature of Gemini', () => {
  it('is stored with its part, shown to nobody, and sent back with the next turn, also after a restart', async () => {
    const vendor: LoopbackVendor = await startGeminiVendor()
    onTestFinished(() => vendor.close())
    const env = { GEMINI_API_KEY: 'key', GEMINI_BASE_URL: vendor.url, DATABASE_URL: await newStorePath() }
    vendor.respondWith((exchange) => {
      exchange.sendCarried({ type: 'reasoning', text: 'Hm.', carry: 'SIGNATURE' })
      exchange.sendToken('Well.')
      exchange.finish()
    })
    const body = { prompt: 'Hello', provider: 'gemini', model: 'gemini-pro' }
    const before = await startServer({ env })
    const first = await finishedJob(before.url, body)
    expect(first).toMatchObject({ result: 'Well.', output: [{ type: 'reasoning', text: 'Hm.' }, { type: 'text' }] })
    expect(JSON.stringify(first)).not.toContain('SIGNATURE')
    expect(await (await fetch(`${before.url}/jobs/${first.id}/stream?view=full`)).text()).not.toContain('SIGNATURE')
    await before.app.close()

    const { url } = await startServer({ env })
    const asked = Promise.withResolvers<Exchange>()
    vendor.respondWith((exchange) => {
      asked.resolve(exchange)
      exchange.finish()
    })
    await finishedJob(url, { ...body, prompt: 'And?', previousJobId: first.id })
    expect(JSON.stringify((await asked.promise).body)).toContain('SIGNATURE')
  })
})

describe('the thinking of Anthropic', () => {
  it('goes back with its signature behind a tool call, and fields for the vendor are sent', async () => {
    const vendor: LoopbackVendor = await startAnthropicVendor()
    onTestFinished(() => vendor.close())
    const { url } = await startServer({ env: { ANTHROPIC_API_KEY: 'key', ANTHROPIC_BASE_URL: vendor.url } })
    vendor.respondWith((exchange) => {
      exchange.sendCarried({ type: 'reasoning', text: 'Hm.', carry: 'SIGNATURE' })
      exchange.sendToolCalls({ index: 0, callId: 'toolu_1', name: 'add', arguments: '{"a":1}' })
      exchange.finish({ reason: 'tool-calls' })
    })
    const options = { tools: [{ name: 'add' }], vendor: { cache_control: { type: 'ephemeral' } } }
    const body = { provider: 'anthropic', model: 'claude-opus-5-5', options }
    const first = await finishedJob(url, { ...body, prompt: 'Add' })
    expect(first).toMatchObject({ output: [{ type: 'reasoning', text: 'Hm.' }, { callId: 'toolu_1' }], options })
    expect(JSON.stringify(first)).not.toContain('SIGNATURE')

    const asked = Promise.withResolvers<Exchange>()
    vendor.respondWith((exchange) => {
      asked.resolve(exchange)
      exchange.finish()
    })
    const messages = [{ role: 'tool', content: [{ type: 'tool-result', callId: 'toolu_1', content: '3' }] }]
    await finishedJob(url, { ...body, messages, previousJobId: first.id })
    expect((await asked.promise).body).toMatchObject({
      cache_control: { type: 'ephemeral' },
      messages: [
        { role: 'user', content: 'Add' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Hm.', signature: 'SIGNATURE' },
            { type: 'tool_use', id: 'toolu_1', name: 'add', input: { a: 1 } },
          ],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1' }] },
      ],
    })
  })
})

it('an idempotency key belongs to the content of messages, not to how it was stored', async () => {
  const { url } = await startServer({ providers: [new Listener('one')] })
  const post = (data: string) =>
    fetch(`${url}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k' },
      body: JSON.stringify({
        messages: [{ role: 'user', content: [{ type: 'image', mediaType: 'image/png', data }] }],
        provider: 'one',
        model: 'm',
      }),
    })
  const first = Job.parse(await (await post('AAAA')).json())
  expect(Job.parse(await (await post('AAAA')).json()).id).toBe(first.id)
  expect((await problemOf(await post('BBBB'))).code).toBe('idempotency-key-reused')
})
