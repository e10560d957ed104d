import type { LLMProvider } from '@promptlab/providers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { startServer, type TestServer } from '../support/test-server.ts'

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const IMAGE = `data:image/png;base64,${PNG}`
const FILE = 'data:text/plain;base64,QQ=='
const SCHEMA = { type: 'object', properties: { a: { type: 'string' } } }
/** What the provider `scripted` wants back with a part. */
const CARRY = Buffer.from(JSON.stringify([1, 'scripted', { sig: 'x' }])).toString('base64')
const MODEL = 'scripted/script-1'

/** Bodies with every kind of content, which are all accepted as they are. */
const BODIES: Readonly<Record<string, readonly object[]>> = {
  '/v1/responses': [
    {
      model: MODEL,
      input: 'Hi',
      instructions: 'Be brief',
      metadata: { a: 'b' },
      tools: [{ type: 'function', name: 'f', description: 'd', parameters: SCHEMA }],
      tool_choice: { type: 'function', name: 'f' },
      text: { format: { type: 'json_schema', name: 'n', schema: SCHEMA } },
      reasoning: { effort: 'low', summary: 'auto' },
      include: ['reasoning.encrypted_content'],
      max_output_tokens: 10,
      user: 'u',
    },
    {
      model: MODEL,
      input: [
        { role: 'developer', content: 's' },
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'a' },
            { type: 'input_image', image_url: IMAGE, detail: 'auto' },
            { type: 'input_file', filename: 'a.txt', file_data: FILE },
          ],
        },
        { type: 'reasoning', id: 'rs_x_0', summary: [{ type: 'summary_text', text: 't' }], encrypted_content: CARRY },
        { type: 'message', role: 'assistant', id: 'msg_x_0', content: [{ type: 'output_text', text: 'b' }] },
        { type: 'function_call', id: 'fc_x_0', call_id: 'c1', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c1', output: [{ type: 'input_text', text: 'r' }] },
      ],
      stream: true,
      store: false,
    },
    { model: MODEL, input: [{ role: 'user', content: 'x' }], background: true },
  ],
  '/v1/chat/completions': [
    {
      model: MODEL,
      messages: [
        { role: 'system', content: 's' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'image_url', image_url: { url: IMAGE, detail: 'auto' } },
            { type: 'file', file: { filename: 'a.txt', file_data: FILE } },
          ],
        },
        {
          role: 'assistant',
          content: 'x',
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'r' },
      ],
      tools: [{ type: 'function', function: { name: 'f', description: 'd', parameters: SCHEMA, strict: false } }],
      tool_choice: { type: 'function', function: { name: 'f' } },
      response_format: { type: 'json_object' },
      metadata: { a: 'b' },
      stop: ['a'],
      seed: 1,
      stream_options: { include_usage: true },
      stream: true,
      max_completion_tokens: 5,
    },
    { model: MODEL, messages: [{ role: 'user', content: 'a' }], store: true },
  ],
  '/v1/messages': [
    {
      model: MODEL,
      max_tokens: 10,
      system: [{ type: 'text', text: 's', cache_control: { type: 'ephemeral' } }],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 't', signature: CARRY },
            { type: 'text', text: 'x' },
            { type: 'tool_use', id: 'c1', name: 'f', input: {} },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'c1', content: 'r' },
            { type: 'text', text: 'q' },
          ],
        },
      ],
      tools: [{ name: 'f', description: 'd', input_schema: SCHEMA }],
      tool_choice: { type: 'auto' },
      metadata: { user_id: 'u' },
      stop_sequences: ['a'],
      stream: true,
    },
    { model: MODEL, max_tokens: 10, messages: [{ role: 'user', content: 'a' }] },
  ],
}

const UUID = '0198f2c45a6b7c8d9e0f112233445566'
const hostileText = fc.constantFrom(
  ...['', ' ', '\0', 'a\0b', '\ud83d', '\ude42x', '\u2028', 'x'.repeat(5_000), '__proto__', 'constructor', '../../x'],
  ...['resp_', 'resp_\0', 'msg_x_i999999', `msg_${UUID}_i0`, 'rs_\0_1', 'fc__0', `call_${UUID}_999999`],
  ...['data:', 'data:;base64,', 'data:image/png;base64,!!!', IMAGE, FILE, CARRY, 'http://localhost', 'javascript:1'],
  ...['echo', 'scripted/\0', 'assistant', 'function_call_output', 'item_reference'],
)
const hostile = fc.oneof(
  hostileText,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(null, [], {}, [[]], [{}], [null], -1, 1e308, 1.5, true, Array(300).fill('a')),
)
const unknownField = fc.constantFrom('n', 'audio', 'prompt', 'conversation', 'truncation', 'thread', 'functions', 'foo')

type Path = readonly string[]

function pathsIn(value: unknown, at: Path = []): Path[] {
  const own = at.length === 0 ? [] : [at]
  if (typeof value !== 'object' || value === null) return own
  return [...own, ...Object.entries(value).flatMap(([key, inner]) => pathsIn(inner, [...at, key]))]
}

function withValue(body: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value
  if (typeof body !== 'object' || body === null) return body
  const entries = Object.entries(body).map(([name, inner]): [string, unknown] =>
    name === key ? [name, withValue(inner, rest, value)] : [name, inner],
  )
  return Array.isArray(body) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries)
}

/** A body with a wrong value or two, most of them where a text or a value of its kind is expected. */
function spoiled(bodies: readonly object[]): fc.Arbitrary<unknown> {
  return fc.constantFrom(...bodies).chain((body) => {
    const change = fc.tuple(fc.constantFrom(...pathsIn(body)), fc.oneof(hostileText, hostile))
    const changed = fc
      .array(change, { minLength: 1, maxLength: 2 })
      .map((changes) => changes.reduce((result: unknown, [path, value]) => withValue(result, path, value), body))
    const withUnknown = fc.tuple(unknownField, hostile).map(([name, value]): unknown => ({ ...body, [name]: value }))
    return fc.oneof({ weight: 8, arbitrary: changed }, { weight: 1, arbitrary: withUnknown }, hostile)
  })
}

/** A provider that takes everything, and answers with parts of all kinds. */
function takesAll(): LLMProvider {
  const provider = new ScriptedProvider(
    [
      { type: 'reasoning', text: 'Hm\0' },
      'Hello \ud83d',
      '\ude42',
      { type: 'tool-call', callId: 'c', name: 'f' },
      { type: 'tool-arguments', text: '{' },
      { type: 'tool-call-end' },
    ],
    { finishReason: 'stop' },
  )
  return {
    name: provider.name,
    models: provider.models,
    capabilities: {
      messages: true,
      options: [
        'system',
        'temperature',
        'topP',
        'maxTokens',
        'stop',
        'seed',
        'tools',
        'toolChoice',
        'responseFormat',
        'reasoning',
      ],
      imageTypes: ['image/png'],
      fileTypes: ['text/plain'],
      urls: true,
    },
    complete: (_, options) => provider.complete('', options),
  }
}

function post({ url }: TestServer, path: string, body: unknown): Promise<Response> {
  return fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  })
}

const Refusal = z.looseObject({ error: z.looseObject({ message: z.string().min(1), type: z.string() }) })

/** Sends bodies until one is answered neither with a whole answer nor with a refusal that says what is wrong. */
async function expectAnswers(server: TestServer, runs: number): Promise<void> {
  for (const [path, bodies] of Object.entries(BODIES)) {
    for (const body of bodies) expect((await post(server, path, body)).status).toBe(200)
    await fc.assert(
      fc.asyncProperty(spoiled(bodies), async (body) => {
        const response = await post(server, path, body)
        const text = await response.text()
        expect([200, 400, 404]).toContain(response.status)
        if (response.status !== 200) return void Refusal.parse(JSON.parse(text))
        expect(text).not.toMatch(/event: error|"error":\{/)
        if (path === '/v1/responses') await expectReadable(server, text)
      }),
      { numRuns: runs },
    )
  }
}

/** A response can be read again in every form, whatever was asked. */
async function expectReadable({ url }: TestServer, answer: string): Promise<void> {
  const [, id] = /"id":"(resp_\w+)"/.exec(answer) ?? []
  for (const form of ['', '?stream=true', '?stream=true&starting_after=7', '/input_items?limit=100']) {
    const read = await fetch(`${url}/v1/responses/${id}${form}`, { signal: AbortSignal.timeout(10_000) })
    // Those that were not to be stored are not there.
    expect([200, 404]).toContain(read.status)
    await read.text()
  }
}

describe('the doors answer every body, with an answer or with what is wrong', () => {
  it('on a JSON file', { timeout: 120_000 }, async () => {
    await expectAnswers(await startServer({ providers: [takesAll()] }), 150)
  })
})

await withPostgres((newDatabase) => {
  it('the doors answer every body on PostgreSQL', { timeout: 120_000 }, async () => {
    const env = { DATABASE_URL: await newDatabase() }
    await expectAnswers(await startServer({ providers: [takesAll()], env }), 75)
  })
})
