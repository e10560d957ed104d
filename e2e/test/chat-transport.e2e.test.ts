import { CuttableProxy } from '@promptlab/api/testing'
import type { ClientOptions } from '@promptlab/client'
import { messagesOf } from '@promptlab/client/ai-sdk'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { HOSTILE_PIECES, HOSTILE_TEXT } from '../sdk/test/hostile-text.ts'
import { ChatSession, textOf } from './chat-session.ts'
import { WAYS } from './chat-ways.ts'
import { newestJob, SCRIPTED, type Steps, startScripted } from './scripted-chat.ts'

describe.each(WAYS)('%s', (way, transportTo) => {
  it('streams reasoning, text, a refusal and the end as useChat shows them', async () => {
    const usage = { inputTokens: 3, outputTokens: 5 }
    const gate = Promise.withResolvers<void>()
    const steps: Steps = [
      { type: 'reasoning', text: 'Hm' },
      'It is ',
      gate.promise,
      '42.',
      { type: 'refusal', text: 'No more.' },
    ]
    const { client } = await startScripted(steps, { usage, finishReason: 'refusal' })
    const chat = new ChatSession({ transport: await transportTo({ client, ...SCRIPTED }) })
    const sent = chat.sendMessage({ text: 'What is it?' })
    await chat.says('It is ')
    expect(chat.status).toBe('streaming')
    gate.resolve()
    await sent
    const job = await newestJob(client, chat.id)
    expect(chat.status).toBe('ready')
    expect(chat.answer).toMatchObject({
      parts: [
        { type: 'step-start' },
        { type: 'reasoning', text: 'Hm', state: 'done' },
        { type: 'text', text: 'It is 42.', state: 'done' },
        { type: 'text', text: 'No more.', state: 'done' },
      ],
      metadata: { jobId: job.id, status: 'completed', finishReason: 'refusal', usage },
    })
    expect(job).toMatchObject({
      messages: [{ role: 'user', content: 'What is it?' }],
      metadata: { chat: chat.id, message: chat.answer?.id },
    })
  })

  it('keeps hostile text as it is', async () => {
    const { client } = await startScripted(HOSTILE_PIECES)
    const chat = new ChatSession({ transport: await transportTo({ client, ...SCRIPTED }) })
    // A job takes shorter texts than it gives.
    const asked = HOSTILE_TEXT.replace(/x{9999}/g, '')
    await chat.sendMessage({ text: asked })
    expect(textOf(chat.answer)).toBe(HOSTILE_TEXT)
    expect(await messagesOf(client, chat.id)).toMatchObject([
      { role: 'user', parts: [{ type: 'text', text: asked }] },
      { id: chat.answer?.id, role: 'assistant', parts: [{ type: 'step-start' }, { type: 'text', text: HOSTILE_TEXT }] },
    ])
  })

  it('shows the sentence of a failed job, and no end of its text', async () => {
    const { client } = await startScripted(['Half an ', new Error('Down')])
    const chat = new ChatSession({ transport: await transportTo({ client, ...SCRIPTED }) })
    await chat.sendMessage({ text: 'Go' })
    const job = await newestJob(client, chat.id)
    const sentence = job.status === 'failed' ? job.error.message : ''
    expect(chat).toMatchObject({ status: 'error', error: { message: sentence } })
    expect(chat.answer).toMatchObject({
      parts: [{ type: 'step-start' }, { type: 'text', text: 'Half an ', state: 'streaming' }],
      metadata: { status: 'failed', error: sentence },
    })
    expect((await messagesOf(client, chat.id)).at(-1)).toMatchObject({
      id: chat.answer?.id,
      parts: [{ type: 'step-start' }, { type: 'text', text: 'Half an ', state: 'streaming' }],
      metadata: { jobId: job.id, status: 'failed', error: sentence },
    })
  })

  it('shows the sentence of the server that refused the job', async () => {
    const { client } = await startScripted([])
    const chat = new ChatSession({ transport: await transportTo({ client, ...SCRIPTED, model: 'none' }) })
    await chat.sendMessage({ text: 'Go' })
    const refused = await client.create({ prompt: 'Go', ...SCRIPTED, model: 'none' }).catch((error: Error) => error)
    expect(chat).toMatchObject({ status: 'error', error: { message: 'message' in refused && refused.message } })
  })

  it('does not finish the answer of a job that was cancelled elsewhere', async () => {
    const { client } = await startScripted(['Half', new Promise(() => {})])
    const sent: boolean[] = []
    const chat = new ChatSession({
      transport: await transportTo({ client, ...SCRIPTED }),
      sendAutomaticallyWhen: () => sent.push(true) > 0,
    })
    const sending = chat.sendMessage({ text: 'Go' })
    await chat.says('Half')
    await client.cancel((await newestJob(client, chat.id)).id)
    await sending
    expect(chat.answer).toMatchObject({
      parts: [{ type: 'step-start' }, { type: 'text', text: 'Half', state: 'streaming' }],
      metadata: { status: 'cancelled' },
    })
    expect(sent).toEqual([])
  })

  it('knows the first turn in the second one, and makes an answer again without the old one', async () => {
    const { client } = await startScripted(['Yes.'])
    const chat = new ChatSession({
      transport: await transportTo({ client, ...SCRIPTED, options: { system: 'Be brief.' } }),
    })
    await chat.sendMessage({ text: 'One?' })
    await chat.sendMessage({ text: 'Two?' })
    const turns = ['One?', 'Yes.', 'Two?']
    expect((await newestJob(client, chat.id)).messages?.map(({ content }) => content)).toEqual(turns)
    const old = chat.answer
    await chat.regenerate()
    expect(chat.messages.map(textOf)).toEqual([...turns, 'Yes.'])
    expect(chat.answer?.id).not.toBe(old?.id)
    const again = await newestJob(client, chat.id)
    expect(again).toMatchObject({ options: { system: 'Be brief.' } })
    expect(again.id).not.toBe(old?.metadata?.jobId)
    expect(again.messages?.map(({ content }) => content)).toEqual(turns)
    expect((await messagesOf(client, chat.id)).map(textOf)).toEqual([...turns, 'Yes.'])
  })

  it('goes on in a chat that was opened again in mid-answer', async () => {
    const gate = Promise.withResolvers<void>()
    const { client, provider } = await startScripted(['Once upon ', gate.promise, 'a time'])
    const transport = await transportTo({ client, ...SCRIPTED })
    const first = new ChatSession({ transport })
    void first.sendMessage({ text: 'Go' })
    await first.says('Once upon ')
    const messages = await messagesOf(client, first.id)
    expect(messages).toMatchObject([{ role: 'user', parts: [{ text: 'Go' }] }])
    const second = new ChatSession({ id: first.id, messages, transport })
    const resumed = second.resumeStream()
    await second.says('Once upon ')
    gate.resolve()
    await resumed
    expect(second.messages.map(textOf)).toEqual(['Go', 'Once upon a time'])
    expect(second).toMatchObject({ status: 'ready', answer: { id: first.answer?.id } })
    expect(provider.calls).toBe(1)
  })

  it('resumes an answer that has just ended, without a second message, and nothing in a chat without jobs', async () => {
    const { client } = await startScripted(['Done.'])
    const transport = await transportTo({ client, ...SCRIPTED })
    const chat = new ChatSession({ transport })
    await chat.resumeStream()
    expect(chat).toMatchObject({ status: 'ready', messages: [] })
    await chat.sendMessage({ text: 'Go' })
    const again = new ChatSession({ id: chat.id, messages: await messagesOf(client, chat.id), transport })
    await again.resumeStream()
    expect(again.messages.map(textOf)).toEqual(['Go', 'Done.'])
    expect(again.answer).toMatchObject({ id: chat.answer?.id, metadata: chat.answer?.metadata })
  })

  it('brings an answer that ended while the page was loading, and after a minute leaves it to messagesOf', async () => {
    const gate = Promise.withResolvers<void>()
    const { client } = await startScripted(['Once upon ', gate.promise, 'a time'])
    const transport = await transportTo({ client, ...SCRIPTED })
    const first = new ChatSession({ transport })
    const sent = first.sendMessage({ text: 'Go' })
    await first.says('Once upon ')
    const messages = await messagesOf(client, first.id)
    gate.resolve()
    await sent
    const loading = new ChatSession({ id: first.id, messages, transport })
    await loading.resumeStream()
    expect(loading.messages.map(textOf)).toEqual(['Go', 'Once upon a time'])

    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
    onTestFinished(() => void vi.useRealTimers())
    const later = new ChatSession({ id: first.id, transport })
    await later.resumeStream()
    expect(later.messages).toEqual([])
    expect((await messagesOf(client, first.id)).map(textOf)).toEqual(['Go', 'Once upon a time'])
  })

  it('gives the answer once over connections that break', async () => {
    const words = Array.from({ length: 200 }, (_, index) => `wörd${index}🙂 `)
    const { url } = await startScripted(words)
    const proxy = await CuttableProxy.start(url)
    let connections = 0
    proxy.limit(() => (connections++ < 8 ? 1_500 : Number.POSITIVE_INFINITY))
    const client: ClientOptions = { baseUrl: proxy.url, retryDelayMs: 1 }
    const chat = new ChatSession({ transport: await transportTo({ client, ...SCRIPTED }) })
    await chat.sendMessage({ text: 'Go' })
    expect(textOf(chat.answer)).toBe(words.join(''))
    expect(connections).toBeGreaterThan(3)
  })

  it('says that the answer goes on when its connections stay broken, and resumes it', async () => {
    const gate = Promise.withResolvers<void>()
    const { url } = await startScripted(['Once ', gate.promise, 'more'])
    const proxy = await CuttableProxy.start(url)
    const client: ClientOptions = { baseUrl: proxy.url, retryDelayMs: 1, maxReconnects: 2 }
    const ends: boolean[] = []
    const chat = new ChatSession({
      transport: await transportTo({ client, ...SCRIPTED }),
      onFinish: ({ isDisconnect }) => ends.push(isDisconnect),
    })
    const sent = chat.sendMessage({ text: 'Go' })
    await chat.says('Once ')
    proxy.cut()
    await sent
    expect(chat.status).toBe('error')
    proxy.restore()
    gate.resolve()
    await chat.resumeStream()
    expect(chat.messages.map(textOf)).toEqual(['Go', 'Once more'])
    // The AI SDK knows a browser's words for a broken body, and not those of Node.
    expect(ends).toEqual([way === 'PromptLabChatTransport', false])
  })
})
