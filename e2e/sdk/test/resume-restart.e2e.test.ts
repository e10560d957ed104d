import { Random, rounds, timeoutOf, withPostgres } from '@promptlab/api/testing'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { DoorServer, KEY } from './door-server.ts'
import { CHAT } from './loopback-vendors.ts'
import { openai } from './openai-responses-sdk.ts'
import { ResponseReader } from './response-events.ts'
import { say, sayPieces } from './spoken.ts'

const ROUNDS = Number(process.env['RESTART_ROUNDS'] ?? 1)
const SEED = Number(process.env['RESUME_SEED'] ?? Date.now() % 1_000_000)
const WORDS = Array.from({ length: 40 }, (_, index) => `wörd${index}🙂\u2028`)
const TEXT = WORDS.join('')
/** The vendor answers all of it to one prompt, and never ends its answer to the other. */
const WHOLE = 'whole'
const CUT = 'cut'

describe(`a response whose server ends and starts again (RESUME_SEED=${SEED})`, async () => {
  restartTest('a JSON file', async () => 'jobs.json')
  restartTest('SQLite', async () => 'sqlite:jobs.db')
  await withPostgres((newDatabase) => restartTest('PostgreSQL', newDatabase))
})

function restartTest(name: string, newStore: () => Promise<string>): void {
  it(`goes on where it was, on ${name}`, { timeout: timeoutOf(300_000) }, async () => {
    const random = new Random(SEED)
    const server = await DoorServer.start({ store: await newStore() })
    for (const _ of rounds(ROUNDS)) {
      await oneRound(server, 'SIGKILL', random)
      await oneRound(server, 'SIGTERM', random)
    }
  })
}

async function oneRound(server: DoorServer, signal: 'SIGKILL' | 'SIGTERM', random: Random): Promise<void> {
  const said = 5 + random.below(WORDS.length - 5)
  server.vendorOf(CHAT).respondWith((exchange) => {
    if (exchange.request.prompt === WHOLE) say(exchange, WORDS)
    else sayPieces(exchange, WORDS.slice(0, said))
  })
  const finished = await begun(server, WHOLE, 4 + random.below(30))
  await new ResponseReader(finished.id).readOn(clientOf(server))
  const cut = await begun(server, CUT, 5 + random.below(3))
  // One reader goes on to the last moment: its stream may not end as if that were all.
  const witness = new ResponseReader(cut.id)
  const read = witness.read(await witness.rest(clientOf(server))).catch((error: unknown) => error)
  await server.end(signal)
  expect(await read).toBeInstanceOf(Error)
  await server.startAgain()

  await expectWhole(server, finished, random)
  for (const reader of [cut, witness]) await expectToFail(server, reader)
}

/** What was finished is whole, and its events are the same in each stream. */
async function expectWhole(server: DoorServer, reader: ResponseReader, random: Random): Promise<void> {
  const { id = '', cursor = 0, text } = reader
  const helper = clientOf(server).responses.stream({ response_id: id, starting_after: cursor })
  let rest = ''
  helper.on('response.output_text.delta', ({ delta }) => {
    rest += delta
  })
  const { output_text, status } = await helper.finalResponse()
  expect({ text: text + rest, output_text, status }).toEqual({ text: TEXT, output_text: TEXT, status: 'completed' })
  while (!reader.isAtEnd) await reader.readOn(clientOf(server), 1 + random.below(20))
  expect(reader.text).toBe(TEXT)
  const replay = new ResponseReader(id)
  await replay.readOn(clientOf(server))
  expect(replay.events).toEqual(reader.events)
}

/** What was cut has the text that is kept, once, and an error. */
async function expectToFail(server: DoorServer, reader: ResponseReader): Promise<void> {
  const { id = '', text: seen, cursor = -1 } = reader
  const { status, output_text: kept, error } = await clientOf(server).responses.retrieve(id)
  expect({ status, hasError: error !== null }).toEqual({ status: 'failed', hasError: true })
  expect(TEXT.startsWith(kept)).toBe(true)
  // The SDK throws the error event.
  await expect(reader.readOn(clientOf(server))).rejects.toBeInstanceOf(OpenAI.APIError)
  expect(reader.text).toBe(kept.length > seen.length ? kept : seen)
  await expectToEnd(server, id, cursor, kept.slice(seen.length))
}

const WireEvent = z.object({ type: z.string(), sequence_number: z.int(), delta: z.string().optional() })

function clientOf({ url }: DoorServer): OpenAI {
  return openai({ url, apiKey: KEY })
}

/** A response in the background of which so many events were read. */
async function begun(server: DoorServer, input: string, events: number): Promise<ResponseReader> {
  const reader = new ResponseReader()
  const asked = { model: CHAT.model, input, background: true, stream: true as const }
  await reader.read(await clientOf(server).responses.create(asked), events)
  return reader
}

/** On the wire the rest of the text comes, then `error`, then `response.failed`, and the end. */
async function expectToEnd(server: DoorServer, id: string, cursor: number, rest: string): Promise<void> {
  const response = await server.native(`/v1/responses/${id}?stream=true&starting_after=${cursor}`)
  const events = [...(await response.text()).matchAll(/^data: (\{.*\})$/gm)]
  const all = events.map(([, json = '']) => WireEvent.parse(JSON.parse(json)))
  const types = all.map(({ type }) => type)
  expect(types.slice(-2)).toEqual(['error', 'response.failed'])
  expect(all.map(({ delta = '' }) => delta).join('')).toBe(rest)
  expect(all.at(-1)?.sequence_number).toBe(2_000_000_000)
}
