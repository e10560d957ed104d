import { startVendorServer } from '@promptlab/api/testing'
import { PromptLabClient } from '@promptlab/client'
import { messagesOf } from '@promptlab/client/ai-sdk'
import { lastAssistantMessageIsCompleteWithToolCalls } from 'ai'
import { describe, expect, it } from 'vitest'
import { ChatSession, textOf } from './chat-session.ts'
import { WAYS } from './chat-ways.ts'
import { newestJob, SCRIPTED, type Steps, startScripted } from './scripted-chat.ts'

const GPT = { provider: 'openai', model: 'gpt-4' }
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const CALL = { type: 'tool-call', callId: 'call_1', name: 'add' } as const

describe.each(WAYS)('%s', (_, transportTo) => {
  it('sends images and files', async () => {
    const { url, vendor } = await startVendorServer()
    const client = new PromptLabClient({ baseUrl: url })
    const bodies: string[] = []
    vendor.respondWith((exchange) => {
      bodies.push(JSON.stringify(exchange.body))
      exchange.sendToken('A dot.')
      exchange.finish()
    })
    const chat = new ChatSession({ transport: await transportTo({ client, ...GPT }) })
    const dot = { type: 'file', mediaType: 'image/png', url: `data:image/png;base64,${PIXEL}` } as const
    const note = {
      type: 'file',
      mediaType: 'application/pdf',
      filename: 'note.pdf',
      url: 'data:application/pdf,%25PDF-1.4',
    } as const
    await chat.sendMessage({ text: 'What is it?', files: [dot, note] })
    expect(chat.error).toBeUndefined()
    expect(textOf(chat.answer)).toBe('A dot.')
    expect(bodies).toHaveLength(1)
    expect(bodies[0]).toContain(PIXEL)
    expect(bodies[0]).toContain(btoa('%PDF-1.4'))
    expect(await messagesOf(client, chat.id)).toMatchObject([
      {
        role: 'user',
        parts: [
          dot,
          { ...note, url: `data:application/pdf;base64,${btoa('%PDF-1.4')}` },
          { type: 'text', text: 'What is it?' },
        ],
      },
      { role: 'assistant' },
    ])
  })

  it('says what is wrong with a file before a job is made', async () => {
    const { client } = await startScripted(['Never.'])
    const chat = new ChatSession({ transport: await transportTo({ client, ...SCRIPTED }) })
    await chat.sendMessage({
      text: 'See',
      files: [{ type: 'file', mediaType: 'image/bmp', url: 'data:image/bmp;base64,AAAA' }],
    })
    expect(chat.error?.message).toMatch(
      /^A file of the message has the type image\/bmp\. A message may have image\/png/,
    )
    expect((await client.listPage()).data).toEqual([])
  })

  it('calls a tool, goes on with its result in the same message, and does not call it again after a reload', async () => {
    const { url, vendor } = await startVendorServer()
    const client = new PromptLabClient({ baseUrl: url })
    const gate = Promise.withResolvers<void>()
    vendor.respondWith(async (exchange) => {
      if (exchange.request.messages?.some(({ role }) => role === 'tool')) {
        exchange.sendToken('It ')
        await gate.promise
        exchange.sendToken('rains.')
        exchange.finish()
      } else {
        exchange.sendToken('Let me see. ')
        exchange.sendToolCalls({ index: 0, callId: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' })
        exchange.finish({ reason: 'tool-calls' })
      }
    })
    const tools = [{ name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } }]
    const transport = await transportTo({ client, ...GPT, options: { tools } })
    const calls: unknown[] = []
    const chat: ChatSession = new ChatSession({
      transport,
      sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithToolCalls,
      onToolCall: ({ toolCall }) => {
        calls.push(toolCall.input)
        void chat.addToolOutput({ tool: 'weather', toolCallId: toolCall.toolCallId, output: { sky: 'grey' } })
      },
    })
    void chat.sendMessage({ text: 'The weather in Oslo?' })
    await chat.says('Let me see. It ')

    const messages = await messagesOf(client, chat.id)
    const reloaded = new ChatSession({ id: chat.id, messages, transport, onToolCall: () => void calls.push('again') })
    const resumed = reloaded.resumeStream()
    await reloaded.says('Let me see. It ')
    gate.resolve()
    await resumed
    await chat.until(({ status, answer }) => status === 'ready' && textOf(answer).endsWith('rains.'))
    for (const session of [chat, reloaded])
      expect(session.messages).toMatchObject([
        { role: 'user' },
        {
          id: chat.answer?.id,
          parts: [
            { type: 'step-start' },
            { type: 'text', text: 'Let me see. ' },
            { type: 'tool-weather', state: 'output-available', input: { city: 'Oslo' }, output: { sky: 'grey' } },
            { type: 'step-start' },
            { type: 'text', text: 'It rains.', state: 'done' },
          ],
          metadata: { status: 'completed', finishReason: 'stop' },
        },
      ])
    expect(calls).toEqual([{ city: 'Oslo' }])
    expect(vendor.requests).toBe(2)
    expect((await messagesOf(client, chat.id)).at(-1)).toMatchObject({ id: chat.answer?.id, role: 'assistant' })
  })

  it('offers a call for running only when its arguments are whole JSON', async () => {
    const steps: Steps = [
      CALL,
      { type: 'tool-arguments', text: '{"a":' },
      { type: 'tool-call-end' },
      { ...CALL, callId: 'call_2' },
      { type: 'tool-arguments', text: '{"b":1' },
    ]
    const { client } = await startScripted(steps, { finishReason: 'length' })
    const calls: unknown[] = []
    const chat = new ChatSession({
      transport: await transportTo({ client, ...SCRIPTED }),
      onToolCall: ({ toolCall }) => void calls.push(toolCall),
    })
    await chat.sendMessage({ text: 'Go' })
    expect(calls).toEqual([])
    const parts = [
      { type: 'step-start' },
      {
        type: 'tool-add',
        state: 'output-error',
        input: '{"a":',
        errorText: 'The arguments of this call are not JSON.',
      },
      { type: 'tool-add', state: 'input-streaming', rawInput: '{"b":1' },
    ]
    expect(chat.answer).toMatchObject({ parts, metadata: { finishReason: 'length' } })
    expect((await messagesOf(client, chat.id)).at(-1)).toMatchObject({ parts })
    await chat.sendMessage({ text: 'Again' })
    expect((await newestJob(client, chat.id)).messages).toMatchObject([
      { role: 'user', content: 'Go' },
      { role: 'assistant', content: [{ type: 'tool-call', callId: 'call_1', arguments: '{"a":' }] },
      {
        role: 'tool',
        content: [{ type: 'tool-result', callId: 'call_1', content: 'The arguments of this call are not JSON.' }],
      },
      { role: 'user', content: 'Again' },
    ])
  })

  it('asks as the function for requests says, with what the page sends beside the messages', async () => {
    const { client } = await startScripted(['Yes.'])
    const transport = await transportTo({
      client,
      provider: 'none',
      model: 'none',
      options: { system: 'Be brief.', temperature: 1 },
      request: ({ body }) => ({
        ...SCRIPTED,
        options: { temperature: Number(body['heat']) },
        metadata: { page: 'test' },
      }),
    })
    const chat = new ChatSession({ transport })
    await chat.sendMessage({ text: 'Go' }, { body: { heat: 0.5 } })
    expect(textOf(chat.answer)).toBe('Yes.')
    expect(await newestJob(client, chat.id)).toMatchObject({
      options: { system: 'Be brief.', temperature: 0.5 },
      metadata: { page: 'test', chat: chat.id },
    })
  })
})
