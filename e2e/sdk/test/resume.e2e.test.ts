import { Random, rounds, timeoutOf } from '@promptlab/api/testing'
import { expect, it } from 'vitest'
import { DoorServer, KEY } from './door-server.ts'
import { MODELS, RESPONSES } from './loopback-vendors.ts'
import { openai } from './openai-responses-sdk.ts'
import { randomSpeech, speak, textOf } from './random-speech.ts'
import { ResponseReader } from './response-events.ts'
import { say } from './spoken.ts'

const ROUNDS = Number(process.env['RESUME_ROUNDS'] ?? 10)
const SEED = Number(process.env['RESUME_SEED'] ?? Date.now() % 1_000_000)

const server = await DoorServer.startForFile()
const client = () => openai({ url: server.url, apiKey: KEY })

it(`resumes a response behind any event, and each event comes exactly once (RESUME_SEED=${SEED})`, {
  timeout: timeoutOf(300_000),
}, async () => {
  const random = new Random(SEED)
  for (const model of MODELS)
    server
      .vendorOf(model)
      .respondWith((exchange) => speak(exchange, randomSpeech(Number(exchange.request.prompt), model), random))
  let cuts = 0
  for (const _ of rounds(ROUNDS)) {
    await Promise.all(
      MODELS.map(async (model) => {
        const seed = random.below(1_000_000)
        const reader = new ResponseReader()
        const created = await client().responses.create({
          model: model.model,
          input: String(seed),
          background: true,
          stream: true,
        })
        await reader.read(created, 1 + random.below(20))
        while (!reader.isAtEnd) {
          cuts += 1
          await reader.readOn(client(), 1 + random.below(20))
        }
        expect(reader.text).toBe(textOf(randomSpeech(seed, model)))
        await expectSameReplay(reader)
      }),
    )
  }
  expect(cuts).toBeGreaterThan(ROUNDS)
})

it('streams nothing behind the last event', async () => {
  server.vendorOf(RESPONSES).respondWith((exchange) => say(exchange, ['Done.']))
  const reader = new ResponseReader()
  const asked = { model: RESPONSES.model, input: 'Hello', stream: true as const }
  await reader.read(await client().responses.create(asked))
  const { id = '', cursor = 0 } = reader
  const rest = await client().responses.retrieve(id, { stream: true, starting_after: cursor })
  expect(await Array.fromAsync(rest)).toEqual([])
})

it('the helper for streams goes on behind an event without text twice', async () => {
  const random = new Random(SEED)
  server
    .vendorOf(RESPONSES)
    .respondWith((exchange) => speak(exchange, randomSpeech(Number(exchange.request.prompt), RESPONSES), random))
  const asked = { model: RESPONSES.model, input: String(SEED), background: true, stream: true as const }
  const reader = new ResponseReader()
  await reader.read(await client().responses.create(asked), 12)
  const { id = '', cursor = 0, text } = reader
  const helper = client().responses.stream({ response_id: id, starting_after: cursor })
  let rest = ''
  helper.on('response.output_text.delta', ({ delta }) => {
    rest += delta
  })
  const { output_text } = await helper.finalResponse()
  const whole = textOf(randomSpeech(SEED, RESPONSES))
  expect({ text: text + rest, output_text }).toEqual({ text: whole, output_text: whole })
})

/** A replay from the start has the same events, and the last one has the same response as a request for it. */
async function expectSameReplay({ id = '', events }: ResponseReader): Promise<void> {
  const replay = new ResponseReader(id)
  await replay.readOn(client())
  expect(replay.events).toEqual(events)
  const last = events.at(-1)
  // The SDK adds the text to a response that came by itself.
  const { output_text: _, ...response } = await client().responses.retrieve(id)
  expect(last?.type === 'response.completed' && last.response).toEqual(response)
}
