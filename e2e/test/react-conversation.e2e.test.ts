import { CuttableProxy, ScriptedProvider, startServer } from '@promptlab/api/testing'
import { type Job, PromptLabClient } from '@promptlab/client'
import { Conversation, type FollowedJob, isEnded } from '@promptlab/react'
import { describe, expect, it, onTestFinished } from 'vitest'
import { viewWhere } from './view-where.ts'

const ECHO = { provider: 'echo', model: 'echo' }
const echo = (prompt: string) => ({ prompt, ...ECHO })
const HASTY = { maxRetries: 0, maxReconnects: 0, retryDelayMs: 1 }

function converse(client: PromptLabClient, id?: string): Conversation {
  const conversation = new Conversation(client, id)
  conversation.resume()
  onTestFinished(() => conversation.leave())
  return conversation
}

async function ended(turn: FollowedJob): Promise<Job> {
  const { id = '', phase } = await viewWhere(turn, (view) => isEnded(view.phase))
  expect(phase).toBe('completed')
  const { job } = turn.view()
  if (!job) throw new Error(`The job ${id} is not known.`)
  return job
}

const loaded = (conversation: Conversation) => viewWhere(conversation, ({ isLoading }) => !isLoading)
const prompts = (conversation: Conversation) => conversation.view().turns.map((turn) => turn.view().asked?.prompt)

/** A conversation of some turns on a server, and a client of it. */
async function startConversation(count: number) {
  const { url } = await startServer()
  const client = new PromptLabClient({ baseUrl: url })
  const jobs: Job[] = []
  for (let index = 0; index < count; index++) {
    const previousJobId = jobs.at(-1)?.id
    const request = { ...echo(`Turn ${index}`), ...(previousJobId !== undefined && { previousJobId }) }
    jobs.push(await client.create(request, { waitSeconds: 60 }))
  }
  return { url, client, jobs, last: jobs.at(-1)?.id ?? '' }
}

describe('a conversation', () => {
  it('goes on behind the answer of each turn, and is opened by its newest job', async () => {
    const { client } = await startConversation(0)
    const conversation = converse(client)
    expect(conversation.view()).toMatchObject({ turns: [], isLoading: false, isGoingOn: false, id: undefined })
    const first = await ended(conversation.send(echo('One')))
    await viewWhere(conversation, ({ id, isGoingOn }) => id === first.id && !isGoingOn)
    const turn = conversation.send(echo('Two'))
    expect(conversation.id).toBeUndefined()
    const second = await ended(turn)
    expect(second.previousJobId).toBe(first.id)
    await viewWhere(conversation, ({ id }) => id === second.id)

    const opened = converse(client, second.id)
    expect(opened.view()).toMatchObject({ isLoading: true, id: second.id })
    expect(await loaded(opened)).toMatchObject({ earlier: 'none', fault: undefined, id: second.id })
    expect(prompts(opened)).toEqual(['One', 'Two'])
    expect(opened.view().turns.map((each) => each.view().text)).toEqual(['One', 'Two'])
  })

  it('opens while its newest job runs, and shows the answer grow', async () => {
    const gate = Promise.withResolvers<void>()
    const { url } = await startServer({ providers: [new ScriptedProvider(['Half', gate.promise, ' whole'])] })
    const client = new PromptLabClient({ baseUrl: url })
    const { id } = await client.create({ prompt: 'Go', provider: 'scripted', model: 'script-1' })
    const conversation = converse(client, id)
    const { turns } = await viewWhere(conversation, ({ isGoingOn }) => isGoingOn)
    const [turn] = turns
    if (!turn) throw new Error('There is no turn.')
    await viewWhere(turn, ({ text }) => text === 'Half')
    await conversation.stop()
    await viewWhere(conversation, ({ isGoingOn }) => !isGoingOn)
    expect(turn.view()).toMatchObject({ phase: 'cancelled', text: 'Half' })
    gate.resolve()
  })

  it('has each turn once when it is left and resumed while it loads', async () => {
    const { client, last } = await startConversation(3)
    const conversation = converse(client, last)
    for (let round = 0; round < 5; round++) {
      conversation.leave()
      conversation.resume()
    }
    await loaded(conversation)
    expect(prompts(conversation)).toEqual(['Turn 0', 'Turn 1', 'Turn 2'])
  })

  it('has each turn once when it is left and resumed while the answer with its turns is read', async () => {
    const { url, last } = await startConversation(3)
    for (let hops = 0; hops < 60; hops++) {
      let isFirst = true
      const client = new PromptLabClient({
        baseUrl: url,
        fetch: async (...request) => {
          const response = await fetch(...request)
          const text = await response.text()
          if (isFirst) void interrupt()
          isFirst = false
          return new Response(text, response)
        },
      })
      const conversation = converse(client, last)
      const interrupt = async () => {
        for (let hop = 0; hop < hops; hop++) await undefined
        conversation.leave()
        conversation.resume()
      }
      await loaded(conversation)
      // Also the answer to another request, if there was one.
      await conversation.send(echo('More')).created()
      await viewWhere(conversation, ({ turns }) => turns.length > 3)
      expect(prompts(conversation)).toEqual(['Turn 0', 'Turn 1', 'Turn 2', 'More'])
    }
  })

  it('takes a question before its turns are loaded, and another one before that is created', async () => {
    const { client, last } = await startConversation(2)
    const conversation = converse(client, last)
    const third = conversation.send(echo('Third'))
    await loaded(conversation)
    expect(prompts(conversation)).toEqual(['Turn 0', 'Turn 1', 'Third'])
    expect((await ended(third)).previousJobId).toBe(last)
    const fresh = converse(client)
    const [one, two] = [fresh.send(echo('One')), fresh.send(echo('Two'))]
    const { id } = await ended(one)
    await viewWhere(two, ({ phase }) => phase === 'refused' || isEnded(phase))
    // The server refuses a turn whose previous one is running. It is asked again when that has ended.
    two.resume()
    expect((await ended(two)).previousJobId).toBe(id)
  })

  it('branches where a question is edited, and keeps the former branch', async () => {
    const { client, jobs, last } = await startConversation(3)
    const conversation = converse(client, last)
    const { turns } = await loaded(conversation)
    const [, second] = turns
    if (!second) throw new Error('There is no second turn.')
    const edited = await ended(conversation.edit(second, echo('Otherwise')))
    expect(edited.previousJobId).toBe(jobs[0]?.id)
    await viewWhere(conversation, ({ id }) => id === edited.id)
    expect(prompts(conversation)).toEqual(['Turn 0', 'Otherwise'])
    const former = converse(client, last)
    await loaded(former)
    expect(prompts(former)).toEqual(['Turn 0', 'Turn 1', 'Turn 2'])
    const [first] = former.view().turns
    if (!first) throw new Error('There is no first turn.')
    expect((await ended(former.edit(first, echo('New')))).previousJobId).toBeUndefined()
  })

  it('branches where a turn is run again, or forked', async () => {
    const { client, jobs, last } = await startConversation(2)
    const conversation = converse(client, last)
    const turn = (await loaded(conversation)).turns.at(-1)
    if (!turn) throw new Error('There is no turn.')
    const again = conversation.rerun(turn)
    expect(again.view().asked).toMatchObject(echo('Turn 1'))
    expect((await ended(again)).rerunOf).toBe(last)
    const fork = conversation.fork(again, { at: 2, prompt: 'And?' })
    expect(fork.view().asked).toMatchObject(echo('And?'))
    expect((await ended(fork)).forkOf).toEqual({ jobId: again.id, at: 2 })
    const edited = conversation.edit(fork, echo('Or?'))
    expect((await ended(edited)).forkOf).toEqual({ jobId: again.id, at: 2 })
    expect(conversation.view().turns[0]?.id).toBe(jobs[0]?.id)
  })

  it('loads earlier turns when they are asked for', async () => {
    const { client, last } = await startConversation(23)
    const conversation = converse(client, last)
    expect(await loaded(conversation)).toMatchObject({ earlier: 'more' })
    expect(conversation.view().turns).toHaveLength(20)
    conversation.loadEarlier()
    await viewWhere(conversation, ({ turns }) => turns.length === 23)
    expect(conversation.view()).toMatchObject({ earlier: 'none', id: last })
    expect(prompts(conversation)[0]).toBe('Turn 0')
  })

  it('says why it is not loaded, and loads when it is resumed', async () => {
    const { url, last } = await startConversation(2)
    const proxy = await CuttableProxy.start(url)
    const client = new PromptLabClient({ baseUrl: proxy.url, ...HASTY })
    proxy.cut()
    const conversation = converse(client, last)
    await viewWhere(conversation, ({ fault }) => fault?.code === 'connection')
    const turn = conversation.send(echo('Later'))
    await viewWhere(turn, ({ phase }) => phase === 'refused')
    proxy.restore()
    conversation.resume()
    await loaded(conversation)
    expect((await ended(turn)).previousJobId).toBe(last)
    expect(prompts(conversation)).toEqual(['Turn 0', 'Turn 1', 'Later'])
    const missing = converse(client, '01a219ad-4319-741a-a635-bfb8dbe04762')
    await viewWhere(missing, ({ fault }) => fault?.status === 404)
  })

  it('creates a question that is asked after it was left, and watches it when it is resumed', async () => {
    const { client } = await startConversation(0)
    const conversation = converse(client)
    conversation.leave()
    const turn = conversation.send(echo('Left'))
    const id = await turn.created()
    expect(id).toBeDefined()
    expect(turn.view().text).toBe('')
    conversation.resume()
    await ended(turn)
    await viewWhere(conversation, (view) => view.id === id && !view.isGoingOn)
  })
})
