import type { PromptLabClient } from '@promptlab/client'
import { chatHandlers, PromptLabChatTransport } from '@promptlab/client/ai-sdk'
import { DefaultChatTransport } from 'ai'
import { describe, expect, it } from 'vitest'
import { ChatSession, textOf } from './chat-session.ts'
import { startRoutes } from './route-server.ts'
import { newestJob, SCRIPTED, startScripted } from './scripted-chat.ts'

const HALF = ['Half', new Promise(() => {})]

/** A chat whose answer is under way. */
async function startedChat(chat: ChatSession): Promise<ChatSession> {
  void chat.sendMessage({ text: 'Go' })
  await chat.says('Half')
  return chat
}

/** The status that the newest job of a chat ends with. */
async function ended(client: PromptLabClient, { id }: ChatSession): Promise<string> {
  return (await client.wait((await newestJob(client, id)).id)).status
}

describe('PromptLabChatTransport', () => {
  it('cancels the job when useChat stops, and keeps its text', async () => {
    const { client } = await startScripted(HALF)
    const transport = new PromptLabChatTransport({ client, ...SCRIPTED })
    const chat = await startedChat(new ChatSession({ transport }))
    await chat.stop()
    expect(chat.status).toBe('ready')
    expect(await ended(client, chat)).toBe('cancelled')
    expect(await newestJob(client, chat.id)).toMatchObject({ result: 'Half' })
    expect(textOf(chat.answer)).toBe('Half')
  })

  it('cancels the job of an answer that was resumed', async () => {
    const { client } = await startScripted(HALF)
    const transport = new PromptLabChatTransport({ client, ...SCRIPTED })
    const first = await startedChat(new ChatSession({ transport }))
    const second = new ChatSession({ id: first.id, transport })
    void second.resumeStream()
    await second.says('Half')
    await second.stop()
    expect(await ended(client, second)).toBe('cancelled')
  })

  it('cancels a job that was not created yet when useChat stopped', async () => {
    const { client } = await startScripted(HALF)
    const transport = new PromptLabChatTransport({ client, ...SCRIPTED })
    const chat = new ChatSession({ transport })
    const cancelled = Promise.withResolvers<void>()
    const watch = async (onReady: () => void) => {
      for await (const { job } of client.events({ onReady })) if (job.status === 'cancelled') return cancelled.resolve()
    }
    await new Promise<void>((ready) => void watch(ready))
    const sent = chat.sendMessage({ text: 'Go' })
    await chat.until(({ status }) => status === 'submitted')
    await Promise.all([chat.stop(), sent])
    expect(chat.messages).toHaveLength(1)
    await cancelled.promise
  })

  it('leaves the job that a second resume aborts, as React in strict mode makes one', async () => {
    const gate = Promise.withResolvers<void>()
    const { client } = await startScripted(['Half', gate.promise, ' and half'])
    const transport = new PromptLabChatTransport({ client, ...SCRIPTED })
    const first = await startedChat(new ChatSession({ transport }))
    const second = new ChatSession({ id: first.id, transport: new PromptLabChatTransport({ client, ...SCRIPTED }) })
    void second.resumeStream()
    await second.says('Half')
    void second.stop()
    const resumed = second.resumeStream()
    await second.says('Half')
    gate.resolve()
    await resumed
    expect(textOf(second.answer)).toBe('Half and half')
    expect(await ended(client, second)).toBe('completed')
  })

  it('lets the job run on with onAbort leave, until its cancel is called', async () => {
    const { client } = await startScripted(HALF)
    const transport = new PromptLabChatTransport({ client, ...SCRIPTED, onAbort: 'leave' })
    const chat = await startedChat(new ChatSession({ transport }))
    await chat.stop()
    expect(await newestJob(client, chat.id)).toMatchObject({ status: 'running' })
    await transport.cancel(chat.id)
    expect(await ended(client, chat)).toBe('cancelled')
    await transport.cancel(chat.id)
    await transport.cancel('no-such-chat')
  })
})

describe('chatHandlers', () => {
  it('lets the job run on when its client leaves, until its stop route is called', async () => {
    const { client } = await startScripted(HALF)
    const api = await startRoutes(chatHandlers({ client, ...SCRIPTED }))
    const chat = await startedChat(new ChatSession({ transport: new DefaultChatTransport({ api }) }))
    await chat.stop()
    expect(await newestJob(client, chat.id)).toMatchObject({ status: 'running' })
    const stopped = await fetch(`${api}/${chat.id}/stop`, { method: 'POST' })
    expect(stopped.status).toBe(204)
    expect(await ended(client, chat)).toBe('cancelled')
  })

  it('cancels a job that is being created when its stop route is called', async () => {
    const { client } = await startScripted(HALF)
    const gate = Promise.withResolvers<object>()
    const asked = Promise.withResolvers<void>()
    const request = () => {
      asked.resolve()
      return gate.promise
    }
    const api = await startRoutes(chatHandlers({ client, ...SCRIPTED, request }))
    const chat = new ChatSession({ transport: new DefaultChatTransport({ api }) })
    const sent = chat.sendMessage({ text: 'Go' })
    await asked.promise
    const stopping = fetch(`${api}/${chat.id}/stop`, { method: 'POST' })
    gate.resolve({})
    expect((await stopping).status).toBe(204)
    await sent
    expect(chat.answer?.metadata?.status).toBe('cancelled')
  })
})
