import { ProviderError } from '@promptlab/providers'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { MessagesBody } from '../../src/doors/anthropic-messages/messages-body.ts'
import { ChatBody } from '../../src/doors/openai-chat/chat-body.ts'
import { ResponseBody } from '../../src/doors/openai-responses/response-body.ts'
import { ANN, ApiKeyServer } from '../support/api-key-server.ts'
import { OpenApiDocument } from '../support/openapi-document.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { startServer } from '../support/test-server.ts'

const DOORS = /^\/v1\//
/** Answers of a broken or stopping server, or to pages of other sites. Other tests check them. */
const ELSEWHERE = / (?:403|421|500|503|529)$/

const Examples = z.record(z.string(), z.object({ value: z.unknown() }))
const Content = z.record(z.string(), z.looseObject({ schema: z.unknown(), examples: Examples.optional() }))
const RequestBody = z.looseObject({ content: Content })

const user = (content: string) => [{ role: 'user', content }]

/** A request of each door, for the model of a test. */
const REQUESTS = {
  'POST /v1/responses': (model: string, prompt = 'Once upon') => ({ model, input: prompt }),
  'POST /v1/chat/completions': (model: string, prompt = 'Once upon') => ({ model, messages: user(prompt) }),
  'POST /v1/messages': (model: string, prompt = 'Once upon') => ({ model, max_tokens: 99, messages: user(prompt) }),
}
const CREATIONS = Object.entries(REQUESTS)

const ANSWER_IDS = z.object({ id: z.string() })

function json(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }
}

/** Calls servers, and compares each answer with the document. */
class Comparison {
  readonly seen = new Set<string>()
  readonly faults: string[] = []
  readonly #document: OpenApiDocument

  constructor(document: OpenApiDocument) {
    this.#document = document
  }

  async call(server: ApiKeyServer, key: string | undefined, route: string, init: RequestInit = {}): Promise<string> {
    const [method = '', path = ''] = route.split(' ')
    const response = await server.call(key, path, { ...init, method })
    const body = await response.text()
    const bare = path.split('?')[0] ?? ''
    const answer = { status: response.status, contentType: response.headers.get('content-type'), body }
    this.seen.add(`${this.#document.operationFor(method, bare)} ${answer.status}`)
    this.faults.push(...this.#document.faultsOf(method, bare, answer))
    return body
  }

  /** @returns the id of the answer */
  async create(server: ApiKeyServer, route: string, body: unknown): Promise<string> {
    return ANSWER_IDS.parse(JSON.parse(await this.call(server, ANN, route, json(body)))).id
  }
}

const FAILURES = ['provider-unavailable', 'provider-timeout', 'model-unavailable', 'provider-quota-exceeded'] as const

/** Asks for answers whose jobs fail at once. */
async function failEachWay(comparison: Comparison): Promise<void> {
  for (const code of FAILURES) {
    const provider = new ScriptedProvider([new ProviderError('It failed', { code, retryable: false })])
    const failing = await ApiKeyServer.start({ providers: [provider] })
    for (const [route, body] of CREATIONS) await comparison.call(failing, ANN, route, json(body('scripted/script-1')))
  }
}

/** Asks for answers whose input costs more than they may. No vendor is called. */
async function refuseForCost(comparison: Comparison): Promise<void> {
  const server = await ApiKeyServer.start({ env: { OPENAI_API_KEY: 'key' } })
  const limit = { 'x-promptlab-max-cost-usd': '0.000001' }
  for (const [route, body] of CREATIONS) await comparison.call(server, ANN, route, json(body('openai/gpt-4'), limit))
}

describe('GET /openapi.json, doors', () => {
  it('has bodies that the doors take, and that their schemas allow', async () => {
    const { text, paths } = await OpenApiDocument.of((await startServer()).url)
    const ajv = new Ajv2020({ strict: false }).addSchema({ ...JSON.parse(text), $id: 'openapi' })
    const bodies = { ResponseBody, ChatBody, MessagesBody }
    const routes = ['/v1/responses', '/v1/chat/completions', '/v1/messages']
    for (const [index, [name, schema]] of Object.entries(bodies).entries()) {
      const { content } = RequestBody.parse(paths[routes[index] ?? '']?.['post']?.['requestBody'])
      const values = Object.values(content['application/json']?.examples ?? {}).map(({ value }) => value)
      expect(values.length).toBe(2)
      for (const value of values) {
        expect(schema.safeParse(value).error).toBeUndefined()
        expect(ajv.validate({ $ref: `openapi#/components/schemas/${name}` }, value)).toBe(true)
      }
    }
  })

  it('does not name fields that are always refused', async () => {
    const { text } = await OpenApiDocument.of((await startServer()).url)
    const Schemas = z.record(z.string(), z.looseObject({ properties: z.record(z.string(), z.unknown()).optional() }))
    const { components } = z.object({ components: z.object({ schemas: Schemas }) }).parse(JSON.parse(text))
    expect(components.schemas['ResponseBody']?.properties).not.toHaveProperty('conversation')
    expect(components.schemas['ChatBody']?.properties).not.toHaveProperty('audio')
    expect(components.schemas['MessagesBody']?.properties).not.toHaveProperty('container')
    expect(components.schemas['MessagesBody']?.properties).toHaveProperty('thinking')
  })

  it('has examples of answers that agree with their schemas', async () => {
    const document = await OpenApiDocument.of((await startServer()).url)
    const faults: string[] = []
    let count = 0
    for (const [path, operations] of Object.entries(document.paths).filter(([path]) => DOORS.test(path))) {
      for (const [method, { responses }] of Object.entries(operations)) {
        for (const [status, { content }] of Object.entries(responses)) {
          for (const { value } of Object.values(Content.parse(content)['application/json']?.examples ?? {})) {
            const answer = { status: Number(status), contentType: 'application/json', body: JSON.stringify(value) }
            faults.push(...document.faultsOf(method, path.replaceAll(/\{\w+\}/g, 'x'), answer))
            count++
          }
        }
      }
    }
    expect(faults).toEqual([])
    expect(count).toBeGreaterThan(100)
  })

  it('agrees with a real answer for every answer that it describes', async () => {
    const echo = await ApiKeyServer.start({ env: { MAX_PROMPT_CHARS: '2000', MAX_BODY_MB: '1' } })
    const limited = await ApiKeyServer.start({ env: { RATE_LIMIT_PER_MINUTE: '1' } })
    const document = await OpenApiDocument.of(echo.url)
    const comparison = new Comparison(document)
    const call = comparison.call.bind(comparison)

    for (const [route, body] of CREATIONS) {
      await call(echo, ANN, route, json({ ...body('echo/echo'), stream: true }))
      await call(echo, ANN, route, json({}))
      await call(echo, ANN, route, json(body('echo/none')))
      await call(echo, ANN, route, json(body('echo/echo', 'x'.repeat(1_100_000))))
    }
    const responseId = await comparison.create(echo, 'POST /v1/responses', REQUESTS['POST /v1/responses']('echo/echo'))
    const chat = REQUESTS['POST /v1/chat/completions']('echo/echo')
    const chatId = await comparison.create(echo, 'POST /v1/chat/completions', chat)
    await comparison.create(echo, 'POST /v1/messages', REQUESTS['POST /v1/messages']('echo/echo'))
    const reference = { model: 'echo/echo', input: [{ type: 'item_reference', id: 'msg_none_0' }] }
    await call(echo, ANN, 'POST /v1/responses', json(reference))
    await call(echo, ANN, 'POST /v1/responses', json({ ...reference, input: 'Hi', background: true }))

    const large = json({ text: 'x'.repeat(1_100_000) })
    const onIds = [
      `GET /v1/responses/${responseId}`,
      `GET /v1/responses/${responseId}/input_items`,
      `POST /v1/responses/${responseId}/cancel`,
      `GET /v1/chat/completions/${chatId}`,
      `DELETE /v1/responses/${responseId}`,
      `DELETE /v1/chat/completions/${chatId}`,
    ]
    const routes = [...Object.keys(REQUESTS), ...onIds, 'GET /v1/models', 'GET /v1/models/echo%2Fecho']
    for (const route of routes) {
      await call(echo, undefined, route)
      await call(echo, ANN, route, { headers: { 'content-encoding': 'br' } })
      await call(limited, ANN, route)
      await call(limited, ANN, route)
      if (!route.startsWith('GET')) await call(echo, ANN, route, large)
    }
    await call(echo, ANN, `GET /v1/responses/${responseId}?stream=true&starting_after=4`)
    await call(echo, ANN, `GET /v1/responses/${responseId}?starting_after=4`)
    await call(echo, ANN, `GET /v1/responses/${responseId}/input_items?limit=0`)
    // Each twice: what was deleted is not found.
    for (const route of [...onIds, ...onIds]) await call(echo, ANN, route)
    for (const name of ['', '/echo', '/none']) {
      await call(echo, ANN, `GET /v1/models${name}`)
      await call(echo, ANN, `GET /v1/models${name}`, { headers: { 'anthropic-version': '2023-06-01' } })
    }
    await failEachWay(comparison)
    await refuseForCost(comparison)

    expect(comparison.faults).toEqual([])
    const missed = document.answersOf(DOORS).filter((answer) => !comparison.seen.has(answer) && !ELSEWHERE.test(answer))
    expect(missed).toEqual([])
  }, 20_000)
})
