import { Fixture, JobResource } from '@promptlab/contract'
import {
  type Exchange,
  type LoopbackVendor,
  startAnthropicVendor,
  startOpenAIVendor,
} from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import type { StoredJob } from '../../src/jobs/job.ts'
import { ANN, ApiKeyServer, BOB } from '../support/api-key-server.ts'
import { finishedJob, postJob, problemOf, StreamReader } from '../support/job-client.ts'
import { replayOf } from '../support/replay-server.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { startServer, type TestServer } from '../support/test-server.ts'
import { PATIENT } from '../support/vendor-server.ts'

const TOOLS = [{ name: 'add', parameters: { type: 'object' } }]
const USAGE = { inputTokens: 9, outputTokens: 7 }
const IMAGE = { type: 'image', mediaType: 'image/png', data: 'iVBORw0KGgo=' }

async function vendors(): Promise<{ openai: LoopbackVendor; anthropic: LoopbackVendor; env: Record<string, string> }> {
  const [openai, anthropic] = [await startOpenAIVendor(), await startAnthropicVendor()]
  onTestFinished(async () => {
    await openai.close()
    await anthropic.close()
  })
  const keys = { OPENAI_API_KEY: 'secret-key-of-openai', ANTHROPIC_API_KEY: 'secret-key-of-anthropic' }
  return { openai, anthropic, env: { ...keys, OPENAI_BASE_URL: openai.url, ANTHROPIC_BASE_URL: anthropic.url } }
}

async function fixtureOf(url: string, id: string): Promise<Fixture> {
  return Fixture.parse(await (await fetch(`${url}/jobs/${id}/fixture`)).json())
}

/** What of a record its answer is. The tape has the lengths of the pieces. */
function answerIn(job: StoredJob | undefined) {
  if (!job || job.status === 'pending') throw new Error('The job has no answer')
  const { result, parts, status, metrics } = job
  const { usage, finishReason, tokenCount } = metrics
  const error = job.status === 'failed' ? job.error : undefined
  return { status, result, parts, usage, finishReason, tokenCount, error }
}

/** An answer of the Messages API. */
const Answer = z.object({ content: z.array(z.looseObject({ type: z.string() })) })

interface Case {
  readonly provider: 'openai' | 'anthropic'
  readonly model: string
  readonly options?: object
  answer(exchange: Exchange): void
}

const CASES: Record<string, Case> = {
  'a text': {
    provider: 'openai',
    model: 'gpt-4',
    options: { temperature: 0.5, stop: ['x'] },
    answer(exchange) {
      for (const word of ['Once', ' upon', ' 👩‍🚀']) exchange.sendToken(word)
      exchange.finish({ usage: USAGE })
    },
  },
  'reasoning with signatures, and calls of tools': {
    provider: 'anthropic',
    model: 'claude-sonnet-4-5',
    options: { tools: TOOLS, reasoning: { effort: 'low' } },
    answer(exchange) {
      exchange.sendCarried({ type: 'reasoning', text: 'Add them.', carry: 'signature-of-the-vendor' })
      exchange.sendToken('I will add.')
      exchange.sendToolCalls({ index: 0, callId: 'call_1', name: 'add', arguments: '{"a":1}' })
      exchange.finish({ reason: 'tool-calls', usage: USAGE })
    },
  },
  'a refusal': {
    provider: 'openai',
    model: 'gpt-4',
    answer(exchange) {
      exchange.sendRefusal('I will ')
      exchange.sendRefusal('not.')
      exchange.finish({ reason: 'stop', usage: USAGE })
    },
  },
  'nothing but an end': { provider: 'openai', model: 'gpt-4', answer: (exchange) => exchange.finish() },
  'an answer that broke': {
    provider: 'openai',
    model: 'gpt-4',
    answer(exchange) {
      exchange.sendToken('Once upon')
      exchange.sendFailure('The server had an error')
      exchange.end()
    },
  },
  'a request that the vendor refused': {
    provider: 'openai',
    model: 'gpt-4',
    answer: (exchange) => exchange.fail(400, { message: 'Not with these words' }),
  },
}

describe('a job that was recorded', () => {
  it.each(Object.entries(CASES))('plays the same again: %s', async (_, { provider, model, options, answer }) => {
    const vendor = await vendors()
    vendor[provider].respondWith(answer)
    const recording = await startServer({ env: vendor.env, config: { run: PATIENT } })
    const body = { prompt: 'Please', provider, model, ...(options && { options }) }
    const recorded = await finishedJob(recording.url, body)
    const fixture = await fixtureOf(recording.url, recorded.id)
    expect(JSON.stringify(fixture)).not.toMatch(/secret-key/)

    const was = await recording.jobs.find(recorded.id)
    for (const name of ['replay', provider]) {
      const replay = await replayOf([fixture], name === 'replay' ? {} : { REPLAY_FOR: name })
      const played = await finishedJob(replay.url, { ...body, provider: name })
      expect(answerIn(await replay.jobs.find(played.id))).toEqual(answerIn(was))
      expect(played.status === 'pending' ? undefined : played.metrics.cost).toBeUndefined()
      const { answer: pieces, request, end } = await fixtureOf(replay.url, played.id)
      const untimed = (each: Fixture['answer']) => each.map((piece) => ({ ...piece, afterMs: 0 }))
      expect(untimed(pieces)).toEqual(untimed(fixture.answer))
      expect(request).toEqual({ ...fixture.request, provider: name })
      expect({ ...end, afterMs: 0 }).toEqual({ ...fixture.end, afterMs: 0 })
    }
  })

  it('goes on until it is cancelled, if it was cancelled', async () => {
    const vendor = await vendors()
    vendor.openai.respondWith((exchange) => exchange.sendToken('Once'))
    const recording = await startServer({ env: vendor.env })
    const body = { prompt: 'Please', provider: 'openai', model: 'gpt-4' }
    const cancelled = async ({ url }: TestServer, asked: object) => {
      const { id } = JobResource.parse(await (await postJob(url, asked)).json())
      await (await StreamReader.open(url, id)).nextToken()
      await fetch(`${url}/jobs/${id}/cancel`, { method: 'POST' })
      return id
    }
    const id = await cancelled(recording, body)
    const fixture = await fixtureOf(recording.url, id)
    expect(fixture.end).toEqual({ hang: true })
    const replay = await replayOf([fixture])
    const played = await cancelled(replay, { ...body, provider: 'replay' })
    expect(answerIn(await replay.jobs.find(played))).toEqual(answerIn(await recording.jobs.find(id)))
  })

  it('plays with its pauses, unless it is told to be faster', async () => {
    const answer = Array.from({ length: 4 }, () => ({ type: 'text', text: 'x', afterMs: 40 }))
    const request = { provider: 'openai', model: 'gpt-4', prompt: 'Please' }
    const replay = await replayOf([{ version: 1, request, answer, end: { afterMs: 40 } }], { REPLAY_SPEED: '1' })
    const { id } = await finishedJob(replay.url, { ...request, provider: 'replay' })
    const played = await fixtureOf(replay.url, id)
    const times = [...played.answer, played.end].map(({ afterMs = 0 }) => afterMs)
    expect(times.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(198)
  })
})

it('a fixture has the whole conversation, with texts, images and files, and plays for each form of it', async () => {
  const vendor = await vendors()
  vendor.openai.respondWith((exchange) => {
    exchange.sendToken('A ')
    exchange.sendToken('dot')
    exchange.finish()
  })
  const { url } = await startServer({ env: vendor.env })
  const model = { provider: 'openai', model: 'gpt-4' }
  const long = 'Look '.repeat(500)
  const system = { role: 'system', content: 'Be brief.' }
  const question = { role: 'user', content: [{ type: 'text', text: long }, IMAGE] }
  const first = await finishedJob(url, { ...model, messages: [system, question] })
  const second = await finishedJob(url, { ...model, prompt: 'Sure?', previousJobId: first.id })
  const fixture = await fixtureOf(url, second.id)
  const messages = [system, question, { role: 'assistant', content: 'A dot' }, { role: 'user', content: 'Sure?' }]
  expect(fixture.request).toEqual({ ...model, messages })

  const replay = await replayOf([await fixtureOf(url, first.id), fixture], { REPLAY_FOR: 'openai' })
  expect(await finishedJob(replay.url, { ...model, messages })).toMatchObject({ result: 'A dot' })
  const began = await finishedJob(replay.url, { ...model, messages: [system, question] })
  const wentOn = await finishedJob(replay.url, { ...model, prompt: 'Sure?', previousJobId: began.id })
  expect(wentOn).toMatchObject({ status: 'completed', result: 'A dot' })
})

it('a conversation with calls of tools at a door is played, with the ids that each run gives its calls', async () => {
  const vendor = await vendors()
  vendor.anthropic.respondWith((exchange) => {
    if (exchange.request.messages?.some(({ role }) => role === 'tool')) exchange.sendToken('It is 3.')
    else {
      exchange.sendCarried({ type: 'reasoning', text: 'Add them.', carry: 'signature-of-the-vendor' })
      exchange.sendToolCalls({ index: 0, callId: 'toolu_1', name: 'add', arguments: '{"a":1}' })
    }
    exchange.finish({ reason: exchange.request.messages ? 'stop' : 'tool-calls' })
  })
  const ask = async (url: string, messages: readonly object[]) => {
    const tools = [{ name: 'add', input_schema: { type: 'object' } }]
    const response = await fetch(`${url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'claude-sonnet-5', max_tokens: 2_000, tools, messages }),
    })
    expect(response.status).toBe(200)
    const { content } = Answer.parse(await response.json())
    return { id: response.headers.get('x-promptlab-job') ?? '', content }
  }
  /** Asks, calls the tool, and goes on with everything that the answer had. */
  const converse = async (url: string) => {
    const question = { role: 'user', content: 'Add' }
    const first = await ask(url, [question])
    const call = first.content.find(({ type }) => type === 'tool_use')
    const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: call?.['id'], content: '3' }] }
    return [first, await ask(url, [question, { role: 'assistant', content: first.content }, result])] as const
  }
  const recording = await startServer({ env: vendor.env, config: { run: PATIENT } })
  const recorded = await converse(recording.url)
  expect(recorded[1].content).toMatchObject([{ type: 'text', text: 'It is 3.' }])
  const fixtures = await Promise.all(recorded.map(({ id }) => fixtureOf(recording.url, id)))
  expect(JSON.stringify(fixtures[1]?.request)).not.toMatch(/signature|secret/)

  const replay = await replayOf(fixtures, { REPLAY_FOR: 'anthropic' })
  const played = await converse(replay.url)
  expect(played[1].content).toEqual(recorded[1].content)
  expect(played[0].content.map(({ id: _, ...block }) => block)).toMatchObject(
    recorded[0].content.map(({ id: _, signature: _s, ...block }) => block),
  )
})

it('GET /jobs/:id/fixture > is for the caller of a job that has ended', async () => {
  const server = await ApiKeyServer.start({ providers: [new ScriptedProvider(['a', new Promise(() => {})])] })
  const posted = await server.post(ANN, { prompt: 'Go', provider: 'scripted', model: 'script-1' })
  const { id } = JobResource.parse(await posted.json())
  const asked = async (key: string | undefined) => await problemOf(await server.call(key, `/jobs/${id}/fixture`))
  expect(await asked(undefined)).toMatchObject({ code: 'unauthorized' })
  expect(await asked(BOB)).toMatchObject({ code: 'job-not-found' })
  expect(await asked(ANN)).toMatchObject({ code: 'job-not-finished' })
  await server.call(ANN, `/jobs/${id}/cancel`, { method: 'POST' })
  const text = await (await server.call(ANN, `/jobs/${id}/fixture`)).text()
  expect(Fixture.parse(JSON.parse(text))).toMatchObject({ from: { jobId: id }, end: { hang: true } })
  expect(text).not.toMatch(/ann/i)
})
