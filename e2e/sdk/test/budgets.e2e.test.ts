import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Anthropic from '@anthropic-ai/sdk'
import type { Exchange } from '@promptlab/providers/testing/vendors'
import OpenAI from 'openai'
import { afterAll, describe, expect, it } from 'vitest'
import { DoorServer, KEY } from './door-server.ts'
import { CHAT } from './loopback-vendors.ts'
import { SUM, SUM_SCHEMA } from './sdk.ts'

/** A dollar a thousand tokens of input, two dollars a thousand of output. */
const PRICES = { own: { 'chat-loop': { input: 1_000, output: 2_000 } } }
const BUDGETS = { bob: { dayUsd: 0.5 } }
const BOB = 'key-of-bob-0123456789'
const LIMIT = { 'x-promptlab-max-cost-usd': '0.6' }

const folder = await mkdtemp(join(tmpdir(), 'promptlab-'))
afterAll(() => rm(folder, { recursive: true }))
const server = await DoorServer.startForFile({
  env: { PRICES_FILE: await jsonFile('prices.json', PRICES), BUDGETS_FILE: await jsonFile('budgets.json', BUDGETS) },
})

async function jsonFile(name: string, content: object): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, JSON.stringify(content))
  return path
}

/** Clients that count what they send. Each repeats a request twice if it may. */
function clients(apiKey: string, headers: Record<string, string> = {}) {
  let requests = 0
  const counting: typeof fetch = (...args) => {
    requests++
    return fetch(...args)
  }
  const options = { apiKey, defaultHeaders: headers, fetch: counting, maxRetries: 2 }
  return {
    openai: new OpenAI({ ...options, baseURL: server.baseURL }),
    anthropic: new Anthropic({ ...options, baseURL: server.url }),
    requests: () => requests,
  }
}

const MESSAGES = [{ role: 'user' as const, content: 'Hello' }]
const asked = {
  chat: { model: CHAT.model, messages: MESSAGES },
  responses: { model: CHAT.model, input: 'Hello' },
  messages: { model: CHAT.model, max_tokens: 1_000, messages: MESSAGES },
}

/** A vendor that ignores every limit. */
function overrun(exchange: Exchange): void {
  for (let index = 0; index < 1_000; index++) exchange.sendToken('word')
}

/** A vendor that calls a tool, and does not come to an end of its arguments. */
function overrunInCall(exchange: Exchange): void {
  exchange.sendToolCalls({ index: 0, callId: 'call_1', name: SUM.name, arguments: `{"numbers":"${'1'.repeat(9_000)}` })
}

describe('an answer that is stopped at its most cost', () => {
  it('is an answer that reached its length: Chat Completions', async () => {
    server.vendorOf(CHAT).respondWith(overrun)
    const { openai, requests } = clients(KEY, LIMIT)
    const whole = await openai.chat.completions.create(asked.chat)
    expect(whole.choices[0]?.finish_reason).toBe('length')
    expect(whole.choices[0]?.message.content).toMatch(/^(word)+$/)
    const stream = openai.chat.completions.stream({ ...asked.chat, stream_options: { include_usage: true } })
    const streamed = await stream.finalChatCompletion()
    expect(streamed.choices[0]).toMatchObject({
      finish_reason: 'length',
      message: { content: whole.choices[0]?.message.content },
    })
    expect(streamed.usage?.completion_tokens).toBe(whole.usage?.completion_tokens)
    expect(requests()).toBe(2)
  })

  it('is an incomplete answer: Responses', async () => {
    server.vendorOf(CHAT).respondWith(overrun)
    const { openai, requests } = clients(KEY, LIMIT)
    const whole = await openai.responses.create(asked.responses)
    expect(whole).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } })
    const streamed = await openai.responses.stream(asked.responses).finalResponse()
    expect(streamed).toMatchObject({ status: 'incomplete', output_text: whole.output_text })
    expect(whole.output_text).toMatch(/^(word)+$/)
    expect(requests()).toBe(2)
  })

  it('is a message that stopped at max_tokens: Messages', async () => {
    server.vendorOf(CHAT).respondWith(overrun)
    const { anthropic, requests } = clients(KEY, LIMIT)
    const whole = await anthropic.messages.create(asked.messages)
    expect(whole.stop_reason).toBe('max_tokens')
    const streamed = await anthropic.messages.stream(asked.messages).finalMessage()
    expect(streamed).toMatchObject({ stop_reason: 'max_tokens', content: whole.content })
    expect(requests()).toBe(2)
  })

  it('has a call without its end, that no client runs', async () => {
    server.vendorOf(CHAT).respondWith(overrunInCall)
    const { openai, anthropic } = clients(KEY, LIMIT)
    const parameters = { ...SUM_SCHEMA, required: [...SUM_SCHEMA.required] }
    const chatTool = { type: 'function' as const, function: { name: SUM.name, parameters } }
    const chat = await openai.chat.completions.create({ ...asked.chat, tools: [chatTool] })
    expect(chat.choices[0]?.finish_reason).toBe('length')
    const tool = { type: 'function' as const, name: SUM.name, parameters, strict: false }
    const response = await openai.responses.create({ ...asked.responses, tools: [tool] })
    expect(response.status).toBe('incomplete')
    const calls = response.output.filter(({ type }) => type === 'function_call')
    expect(calls.every((call) => 'status' in call && call.status === 'incomplete')).toBe(true)
    const input_schema = { ...parameters, type: 'object' as const }
    const message = anthropic.messages.stream({ ...asked.messages, tools: [{ name: SUM.name, input_schema }] })
    expect((await message.finalMessage()).stop_reason).toBe('max_tokens')
  })
})

describe.each(['json', 'stream'])('a request that no budget allows, as %s', (form) => {
  const isStream = form === 'stream'

  it.each([
    ['the budget of the caller', BOB, { 'x-promptlab-max-cost-usd': '1' }, 'of your $0.5 a day is left'],
    ['its own limit', KEY, { 'x-promptlab-max-cost-usd': '0.000000041' }, 'which is $0.000000041'],
  ])('is refused once with 402, and not sent again: %s', async (_, key, headers, words) => {
    const { openai, anthropic, requests } = clients(key, headers)
    const refused = { status: 402, message: expect.stringContaining(words) }
    await expect(openai.chat.completions.create({ ...asked.chat, stream: isStream })).rejects.toMatchObject(refused)
    await expect(openai.responses.create({ ...asked.responses, stream: isStream })).rejects.toMatchObject(refused)
    await expect(anthropic.messages.create({ ...asked.messages, stream: isStream })).rejects.toMatchObject(refused)
    expect(requests()).toBe(3)
  })
})
