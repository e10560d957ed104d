import { CuttableProxy, ScriptedProvider, startServer, startVendorServer } from '@promptlab/api/testing'
import { JobCancelledError, JobFailedError, type Piece, PromptLabClient } from '@promptlab/client'
import { describe, expect, it } from 'vitest'

const SCRIPTED = { prompt: 'Go', provider: 'scripted', model: 'script-1' }
const CALL = { type: 'tool-call', callId: 'call_1', name: 'add' } as const
const ANSWER: ConstructorParameters<typeof ScriptedProvider>[0] = [
  { type: 'reasoning', text: 'Add ' },
  { type: 'reasoning', text: '\ud83d' },
  { type: 'reasoning', text: '\ude42' },
  'It is ',
  CALL,
  { type: 'tool-arguments', text: '{"a":' },
  { type: 'tool-arguments', text: '2}' },
  { type: 'tool-call-end' },
  { type: 'refusal', text: 'No.' },
]
const PIECES: Piece[] = [
  { type: 'reasoning', text: 'Add ' },
  { type: 'reasoning', text: '\ud83d' },
  { type: 'reasoning', text: '\ude42' },
  { type: 'text', text: 'It is ' },
  CALL,
  { type: 'tool-arguments', callId: 'call_1', text: '{"a":' },
  { type: 'tool-arguments', callId: 'call_1', text: '2}' },
  { ...CALL, type: 'tool-call-end', arguments: '{"a":2}' },
  { type: 'refusal', text: 'No.' },
]
const OUTPUT = [
  { type: 'reasoning', text: 'Add 🙂' },
  { type: 'text', text: 'It is ' },
  { ...CALL, arguments: '{"a":2}' },
  { type: 'refusal', text: 'No.' },
]

async function startScripted(steps = ANSWER) {
  const { url, app } = await startServer({ providers: [new ScriptedProvider(steps)] })
  return { app, url, client: new PromptLabClient({ baseUrl: url, retryDelayMs: 1 }) }
}

describe('JobStream.parts', () => {
  it('gives everything that the model says, as it says it', async () => {
    const { client } = await startScripted()
    const run = client.run(SCRIPTED)
    expect(await Array.fromAsync(run.parts())).toEqual(PIECES)
    expect(run).toMatchObject({ text: 'It is ', cursor: 'f24', metrics: { tokenCount: 1 } })
  })

  it('gives each piece before the next one has come', async () => {
    const gates = PIECES.map(() => Promise.withResolvers<void>())
    const { client } = await startScripted(ANSWER.flatMap((step, index) => [step, gates[index]?.promise ?? '']))
    let count = 0
    for await (const piece of client.run(SCRIPTED).parts()) {
      expect(piece).toEqual(PIECES[count])
      gates[count++]?.resolve()
    }
    expect(count).toBe(PIECES.length)
  })

  it('gives each piece once, wherever its connections break', async () => {
    const { url, client: direct } = await startScripted()
    const { id } = await direct.create(SCRIPTED, { waitSeconds: 30 })
    const proxy = await CuttableProxy.start(url)
    const client = new PromptLabClient({ baseUrl: proxy.url, retryDelayMs: 1 })
    let connections = 0
    // Seven bytes are less than any line has, so that each line is cut, and each gap between two lines is tried.
    for (let bytes = 1; connections !== 1; bytes += 7) {
      connections = 0
      proxy.limit(() => (connections++ === 0 ? bytes : Number.POSITIVE_INFINITY))
      expect(await Array.fromAsync(client.stream(id).parts())).toEqual(PIECES)
    }
  }, 60_000)

  it('gives each piece once when every connection breaks behind a piece while the model goes on', async () => {
    const gates = PIECES.map(() => Promise.withResolvers<void>())
    const { url } = await startScripted(ANSWER.flatMap((step, index) => [step, gates[index]?.promise ?? '']))
    const proxy = await CuttableProxy.start(url)
    const client = new PromptLabClient({ baseUrl: proxy.url, retryDelayMs: 1 })
    const pieces: Piece[] = []
    let reconnects = 0
    const onReconnect = () => {
      reconnects++
      proxy.restore()
      gates[pieces.length - 1]?.resolve()
    }
    for await (const piece of client.run(SCRIPTED, { onReconnect }).parts()) {
      pieces.push(piece)
      proxy.cut()
    }
    expect(pieces).toEqual(PIECES)
    expect(reconnects).toBeGreaterThanOrEqual(PIECES.length)
  })

  it('goes on behind the cursor of another stream, also inside a piece', async () => {
    const { client } = await startScripted()
    const run = client.run(SCRIPTED)
    for await (const piece of run.parts()) if (piece.type === 'text') break
    const id = run.jobId ?? ''
    const behind = (after: `f${number}`) => Array.fromAsync(client.stream(id, { after }).parts())
    expect(run.cursor).toBe('f12')
    expect(await behind('f12')).toEqual(PIECES.slice(4))
    expect(await behind('f10')).toEqual([{ type: 'text', text: 's ' }, ...PIECES.slice(4)])
  })

  it('throws ApiError when the cursor is one of the other view', async () => {
    const { client } = await startScripted()
    const { id } = await client.create(SCRIPTED, { waitSeconds: 30 })
    await expect(client.stream(id, { after: 4 }).parts().next()).rejects.toMatchObject({ code: 'invalid-request' })
    await expect(client.stream(id, { after: 'f4' }).result()).rejects.toMatchObject({ code: 'invalid-request' })
  })

  it('throws JobFailedError behind the last piece of a job that failed, with its text', async () => {
    const { client } = await startScripted(['par', CALL, new Error('Down')])
    const pieces: Piece[] = []
    const error = await (async () => {
      for await (const piece of client.run(SCRIPTED).parts()) pieces.push(piece)
    })().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(JobFailedError)
    expect(error).toMatchObject({ code: 'internal', text: 'par' })
    expect(pieces).toEqual([{ type: 'text', text: 'par' }, CALL])
  })

  it('throws JobCancelledError when the job is cancelled', async () => {
    const { client } = await startScripted([{ type: 'reasoning', text: 'Hm' }, new Promise(() => {})])
    const run = client.run(SCRIPTED)
    const reading = (async () => {
      for await (const _ of run.parts()) await client.cancel(run.jobId ?? '')
    })()
    await expect(reading).rejects.toBeInstanceOf(JobCancelledError)
  })
})

describe('JobStream.result', () => {
  it('has the output of the job, whether the stream is read as text, by parts or not at all', async () => {
    const { client } = await startScripted()
    const [asText, asParts, unread] = [client.run(SCRIPTED), client.run(SCRIPTED), client.run(SCRIPTED)]
    for await (const token of asText) expect(token).toBe('It is ')
    for await (const _ of asParts.parts());
    for (const run of [asText, asParts, unread]) {
      const { jobId, text, output } = await run.result()
      expect({ text, output }).toEqual({ text: 'It is ', output: OUTPUT })
      expect(await client.get(jobId)).toMatchObject({ output: OUTPUT })
    }
  })

  it('has no output when the answer is only text, and then asks for nothing but the stream', async () => {
    const { client, url } = await startScripted(['Hello'])
    const { id } = await client.create(SCRIPTED, { waitSeconds: 30 })
    const requests: string[] = []
    const counting = new PromptLabClient({
      baseUrl: url,
      fetch: (input, init) => {
        requests.push(String(input).slice(url.length))
        return fetch(input, init)
      },
    })
    expect(await counting.stream(id).result()).not.toHaveProperty('output')
    expect(requests).toEqual([`/jobs/${id}/stream?after=0`])
  })
})

describe('PromptLabClient.run', () => {
  it('runs a conversation with tools: the model calls one, and goes on with its result', async () => {
    const { vendor, url } = await startVendorServer()
    const client = new PromptLabClient({ baseUrl: url })
    const target = { provider: 'openai', model: 'gpt-4' }
    const tools = [{ name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } }]
    vendor.respondWith((exchange) => {
      if (exchange.request.messages?.some(({ role }) => role === 'tool')) {
        exchange.sendToken('It rains.')
        exchange.finish()
      } else {
        exchange.sendToolCalls({ index: 0, callId: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' })
        exchange.finish({ reason: 'tool-calls' })
      }
    })
    const first = await client
      .run({ ...target, messages: [{ role: 'user', content: 'The weather in Oslo?' }], options: { tools } })
      .result()
    const calls = first.output?.filter((part) => part.type === 'tool-call') ?? []
    expect(calls).toMatchObject([{ name: 'weather', arguments: '{"city":"Oslo"}' }])
    const results = calls.map(({ callId }) => ({ type: 'tool-result' as const, callId, content: 'Rain' }))
    const second = await client
      .run({
        ...target,
        previousJobId: first.jobId,
        messages: [{ role: 'tool', content: results }],
        options: { tools, toolChoice: 'auto' },
      })
      .result()
    expect(second).toMatchObject({ text: 'It rains.', metrics: { finishReason: 'stop' } })
    expect(await client.get(second.jobId)).toMatchObject({ previousJobId: first.jobId, messages: [{ role: 'tool' }] })
  })
})
