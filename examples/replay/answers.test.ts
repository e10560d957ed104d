// Tests of a team whose program asks OpenAI. They run without OpenAI and without a key, as a step of a CI job.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import OpenAI from 'openai'
import { startServer } from './start-server.ts'

const GREETING: OpenAI.ChatCompletionCreateParamsNonStreaming = {
  model: 'gpt-4',
  messages: [
    { role: 'system', content: 'Answer briefly.' },
    { role: 'user', content: 'Greet the team.' },
  ],
  temperature: 0,
}

let server: Awaited<ReturnType<typeof startServer>>
let openai: OpenAI

before(async () => {
  server = await startServer()
  openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'any-text', maxRetries: 0 })
})
after(() => server.stop())

async function run(body: object): Promise<unknown> {
  const response = await fetch(`${server.url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=30' },
    body: JSON.stringify(body),
  })
  return await response.json()
}

it('the SDK of OpenAI gets the recorded answer', async () => {
  const { choices, usage } = await openai.chat.completions.create(GREETING)
  assert.equal(choices[0]?.message.content, 'Good morning, team!')
  assert.equal(usage?.completion_tokens, 5)
})

it('the SDK of OpenAI streams the recorded answer piece by piece', async () => {
  const pieces: string[] = []
  for await (const { choices } of await openai.chat.completions.create({ ...GREETING, stream: true }))
    if (choices[0]?.delta.content) pieces.push(choices[0].delta.content)
  assert.deepEqual(pieces, ['Good', ' morning,', ' team!'])
})

it('a job gets the recorded answer', async () => {
  const { model, messages, temperature } = GREETING
  const job = await run({ provider: 'openai', model, messages, options: { temperature } })
  assert.partialDeepStrictEqual(job, { status: 'completed', result: 'Good morning, team!' })
})

it('a vendor that takes no more requests, and one that breaks, are played too', async () => {
  const asked = { provider: 'openai', model: 'gpt-4', prompt: 'Are you busy?' }
  assert.partialDeepStrictEqual(await run(asked), { status: 'completed', metrics: { attempts: 2 } })
  assert.partialDeepStrictEqual(await run(asked), {
    status: 'failed',
    result: 'Not',
    error: { code: 'provider-unavailable' },
  })
})

it('a request that was not recorded is refused, and the error says what differs', async () => {
  await assert.rejects(
    openai.chat.completions.create({ ...GREETING, temperature: 1 }),
    /differs in options\.temperature/,
  )
})
