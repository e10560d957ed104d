import { type CompletionPiece, ProviderError } from '@promptlab/providers'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createJob, getJob } from '../support/job-client.ts'
import { responseEvents } from '../support/response-events.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { startServer, type TestServer } from '../support/test-server.ts'

const MODEL = 'script-1'
const NATIVE = { prompt: 'Hi', provider: 'scripted', model: MODEL }
const MESSAGES = [{ role: 'user', content: 'Hi' }]
const call = (callId: string, name = 'f'): CompletionPiece => ({ type: 'tool-call', callId, name })
const args = (text: string): CompletionPiece => ({ type: 'tool-arguments', text })
const END: CompletionPiece = { type: 'tool-call-end' }

/** Answers as no vendor should give them, with their whole text and the arguments of their calls. */
const ODD: readonly [what: string, script: readonly CompletionPiece[], text: string, calls: readonly string[]][] = [
  ['nothing', [], '', []],
  ['only reasoning', [{ type: 'reasoning', text: 'Hm' }], '', []],
  ['arguments that are no JSON', [call('a'), args('{"a":'), args('!'), END], '', ['{"a":!']],
  ['a call without arguments and an end', ['x', call('a')], 'x', ['']],
  ['calls with one id', [call('a'), args('1'), END, call('a'), args('2'), END], '', ['1', '2']],
  ['halves of a pair in two pieces', ['a\ud83d', '\ude42b'], 'a🙂b', []],
  ['half a pair and no more', ['a\ud83d'], 'a\ud83d', []],
  ['a refusal behind text', ['No. ', { type: 'refusal', text: 'I cannot.' }], 'No. ', []],
  [
    'a large thing to give back',
    [{ type: 'reasoning', text: '', carry: { sig: 'x'.repeat(1_000_000) } }, 'Hi'],
    'Hi',
    [],
  ],
  [
    'many parts',
    Array.from({ length: 2_000 }, (_, index) => (index % 2 ? 't' : { type: 'reasoning', text: 'r' })),
    't'.repeat(1_000),
    [],
  ],
  [
    'words of the wire',
    ['\n\ndata: [DONE]\n\n', '\u2028event: error\r\n\r\n0\r\n\r\n'],
    '\n\ndata: [DONE]\n\n\u2028event: error\r\n\r\n0\r\n\r\n',
    [],
  ],
]

async function serverOf(script: ConstructorParameters<typeof ScriptedProvider>[0]): Promise<TestServer> {
  return await startServer({ providers: [new ScriptedProvider(script)] })
}

async function post({ url }: TestServer, path: string, body: object) {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify({ model: MODEL, ...body }) })
  const job = response.headers.get('x-promptlab-job') ?? ''
  return { status: response.status, text: await response.text(), job }
}

const Output = z.array(
  z.looseObject({
    type: z.string(),
    content: z.array(z.looseObject({ text: z.string().optional() })).optional(),
    arguments: z.string().optional(),
  }),
)
const ResponseShape = z.looseObject({ id: z.string(), output: Output })
const Delta = z.looseObject({
  content: z.string().nullish(),
  tool_calls: z
    .array(z.looseObject({ index: z.number().default(0), function: z.looseObject({ arguments: z.string() }) }))
    .optional(),
})
const ChatShape = z.looseObject({
  choices: z.array(z.looseObject({ message: Delta.optional(), delta: Delta.optional() })),
})
const Block = z.looseObject({ type: z.string(), text: z.string().optional(), input: z.unknown().optional() })

function saidIn(output: z.infer<typeof Output>) {
  const text = output.flatMap(({ content = [] }) => content.map((part) => part.text ?? '')).join('')
  const calls = output.flatMap((item) => (item.type === 'function_call' ? [item.arguments] : []))
  return { text, calls }
}

function framesOf(stream: string): string[] {
  return stream.split('\n\n').flatMap((frame) => /^data: (.*)$/m.exec(frame)?.[1] ?? [])
}

/** What the deltas of a chat stream say. */
function saidByChunks(stream: string) {
  const frames = framesOf(stream)
  expect(frames.pop()).toBe('[DONE]')
  let text = ''
  const calls: string[] = []
  for (const frame of frames) {
    const { delta } = ChatShape.parse(JSON.parse(frame)).choices[0] ?? {}
    text += delta?.content ?? ''
    for (const { index, function: made } of delta?.tool_calls ?? [])
      calls[index] = (calls[index] ?? '') + made.arguments
  }
  return { text, calls }
}

describe.each(ODD)('an answer of %s', (_, script, text, calls) => {
  it('is the same at every door, as a stream, as JSON and when it is read again', { timeout: 60_000 }, async () => {
    const server = await serverOf(script)
    const said = { text, calls }
    const asResponse = await post(server, '/v1/responses', { input: 'Hi' })
    const response = ResponseShape.parse(JSON.parse(asResponse.text))
    expect(saidIn(response.output)).toEqual(said)
    const streamed = responseEvents((await post(server, '/v1/responses', { input: 'Hi', stream: true })).text)
    expect(saidIn(Output.parse(streamed.at(-1)?.response?.output))).toEqual(said)
    const deltas = streamed.filter(({ type }) => type === 'response.output_text.delta').map(({ delta }) => delta)
    expect(deltas.join('')).toBe(text)

    const completion = await post(server, '/v1/chat/completions', { messages: MESSAGES })
    const { message } = ChatShape.parse(JSON.parse(completion.text)).choices[0] ?? {}
    expect({
      text: message?.content ?? '',
      calls: message?.tool_calls?.map((made) => made.function.arguments) ?? [],
    }).toEqual(said)
    const chunks = saidByChunks((await post(server, '/v1/chat/completions', { messages: MESSAGES, stream: true })).text)
    expect(chunks).toEqual(said)

    const whole = await post(server, '/v1/messages', { messages: MESSAGES, max_tokens: 9 })
    const { content } = z.looseObject({ content: z.array(Block) }).parse(JSON.parse(whole.text))
    const texts = content.filter((block) => block.type === 'text').map((block) => block.text ?? '')
    expect(texts.join('')).toContain(text)
    expect(content.filter(({ type }) => type === 'tool_use')).toHaveLength(calls.length)
    const events = await post(server, '/v1/messages', { messages: MESSAGES, max_tokens: 9, stream: true })
    expect(events.text).toMatch(/event: message_stop\ndata: [^\n]+\n\n$/)

    for (const { job } of [asResponse, completion, whole]) await expectReadAlike(server, job, said)
  })
})

/** A job is the same, wherever it was made and wherever it is read. */
async function expectReadAlike({ url }: TestServer, job: string, said: { text: string; calls: readonly string[] }) {
  const digits = job.replaceAll('-', '')
  expect((await getJob(url, job)).status).toBe('completed')
  const response = await fetch(`${url}/v1/responses/resp_${digits}`)
  expect(saidIn(ResponseShape.parse(await response.json()).output)).toEqual(said)
  const stream = responseEvents(await (await fetch(`${url}/v1/responses/resp_${digits}?stream=true`)).text())
  expect(saidIn(Output.parse(stream.at(-1)?.response?.output))).toEqual(said)
  const completion = await fetch(`${url}/v1/chat/completions/chatcmpl-${digits}`)
  const { message } = ChatShape.parse(await completion.json()).choices[0] ?? {}
  expect(message?.content ?? '').toBe(said.text)
}

it('a native job is a response while it runs and later, with the same events', async () => {
  const gate = Promise.withResolvers<void>()
  const server = await serverOf(['Hel', gate.promise, 'lo', call('a'), args('{}'), END])
  const { id } = await createJob(server.url, NATIVE)
  const path = `${server.url}/v1/responses/resp_${id.replaceAll('-', '')}`
  const live = fetch(`${path}?stream=true`).then((response) => response.text())
  const running = z
    .looseObject({ status: z.string(), output: z.array(z.unknown()) })
    .parse(await (await fetch(path)).json())
  expect(running).toMatchObject({ status: 'in_progress', output: [] })
  gate.resolve()
  const events = responseEvents(await live)
  expect(await (await fetch(`${path}?stream=true`)).text()).toBe(await live)
  for (const { sequence_number: number } of events) {
    const rest = responseEvents(await (await fetch(`${path}?stream=true&starting_after=${number}`)).text())
    expect(rest).toEqual(events.filter((event) => event.sequence_number > number))
  }
})

describe.each([
  ['/v1/responses', { input: 'Hi' }],
  ['/v1/chat/completions', { messages: MESSAGES }],
  ['/v1/messages', { messages: MESSAGES, max_tokens: 9 }],
])('a failure at %s', (path, body) => {
  const failure = new ProviderError('The key sk-secret of the vendor', { code: 'provider-rejected' })

  it('before any text is a status, and behind it never looks like an end', async () => {
    const early = await serverOf([failure])
    for (const stream of [false, true]) {
      const { status, text } = await post(early, path, { ...body, stream })
      expect(status).toBe(400)
      expect(text).not.toContain('sk-secret')
    }
    const late = await serverOf(['Hel', failure])
    const { status, text } = await post(late, path, { ...body, stream: true })
    expect(status).toBe(200)
    expect(text).toMatch(/"error":\{|event: error/)
    expect(text).not.toMatch(/message_stop|response\.completed|"finish_reason":"stop"/)
    expect(text).not.toContain('sk-secret')
    expect((await post(late, path, body)).status).toBe(400)
  })
})
