import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import { endedJob } from '../../test/support/ended-job.ts'
import type { ApiError } from '../base/api-error.ts'
import type { StreamFormat } from '../http/streams/stream-format.ts'
import { StreamResponse } from '../http/streams/stream-response.ts'
import { tapedPieces } from '../jobs/answer/recorded-pieces.ts'
import type { PieceOrEnd } from '../jobs/views/pieces-view.ts'
import { DoorJsonFormat, DoorStreamFormat } from './door-formats.ts'

const TIMING = { keepAliveMs: 15_000, stallMs: 30_000 }
const ENDED = endedJob(['Hel', 'lo'])
const ERROR = { code: 'provider-timeout', message: 'It took too long.', retryable: true } as const
const FAILED = endedJob([], {}, { status: 'failed', error: ERROR })
const FAILED_LATER = endedJob(['Hel'], {}, { status: 'failed', error: ERROR })
const PIECES = [...tapedPieces(ENDED)].map(({ piece }) => piece)

const ENCODER = {
  opening: () => '<',
  answeredBy: () => {},
  piece: ({ text }: { text: string }) => text,
  end: ({ status }: { status: string }) => `${status}>`,
  keepAlive: '~',
}

/** A source in the test's hands. */
class Source {
  isDone = false
  onReady: () => void = () => {}
  #events: PieceOrEnd[] = []

  give(...events: PieceOrEnd[]): void {
    this.#events.push(...events)
    this.isDone = events.some((event) => !('kind' in event))
    this.onReady()
  }

  end(): void {
    this.isDone = true
    this.onReady()
  }

  read(): readonly PieceOrEnd[] {
    return this.#events.splice(0)
  }

  close(): void {}
}

async function answerIn(format: StreamFormat<PieceOrEnd>) {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = z.object({ port: z.number() }).parse(server.address())
  const requested: Promise<ServerResponse> = once(server, 'request').then(([, response]) => response)
  const received: Promise<IncomingMessage> = once(get({ port, host: '127.0.0.1', agent: false }), 'response').then(
    ([message]) => message.on('error', () => {}).setEncoding('utf8'),
  )
  received.catch(() => {})
  const response = await requested
  const source = new Source()
  const reported: unknown[] = []
  const head = {
    write: () => void response.writeHead(200),
    refuse: ({ code }: ApiError) => void response.writeHead(418).end(code),
    report: (error: unknown) => void reported.push(error),
  }
  const stream = new StreamResponse(response, head, format, TIMING, (onReady) => {
    source.onReady = onReady
    return source
  })
  return { source, stream, response, received, reported, whole: wholeOf(received) }
}

/** The status, the text and whether the text is complete. */
async function wholeOf(received: Promise<IncomingMessage>): Promise<[status: number | undefined, string, boolean]> {
  const message = await received
  let text = ''
  message.on('data', (piece) => {
    text += piece
  })
  await new Promise((resolve) => void message.once('close', resolve))
  return [message.statusCode, text, message.complete]
}

const streamed = (mayRefuse = true) => new DoorStreamFormat(ENCODER, mayRefuse)
const json = () =>
  new DoorJsonFormat(
    ({ result }) => ({ result }),
    ({ code }) => `{"error":"${code}"}`,
  )

beforeEach(
  () =>
    void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] }),
)
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

describe.each([
  ['a stream', streamed, '<Hellocompleted>', '<~~'],
  ['JSON', json, '{"result":"Hello"}', '  '],
] as const)('a foreground answer as %s', (_, format, complete, waiting) => {
  const events = format === json ? [ENDED] : [...PIECES, ENDED]

  it('begins with its first text, and ends', async () => {
    const { source, response, whole } = await answerIn(format())
    expect(response.headersSent).toBe(false)
    source.give(...events)
    expect(await whole).toEqual([200, complete, true])
  })

  it('has the status of a failure within ten seconds', async () => {
    const { source, response, whole } = await answerIn(format())
    vi.advanceTimersByTime(9_999)
    expect(response.headersSent).toBe(false)
    source.give(FAILED)
    expect(await whole).toEqual([418, 'provider-timeout', true])
  })

  it('begins after ten seconds, and keeps the connection alive', async () => {
    const { source, received, whole } = await answerIn(format())
    vi.advanceTimersByTime(10_000)
    expect((await received).statusCode).toBe(200)
    vi.advanceTimersByTime(15_000)
    source.give(...events)
    const [status, text, isComplete] = await whole
    expect([status, isComplete]).toEqual([200, true])
    expect(text).toBe(format === json ? waiting + complete : waiting + complete.slice(1))
    if (format === json) expect(JSON.parse(text)).toEqual({ result: 'Hello' })
  })

  it('says a failure behind its head in its own way', async () => {
    const { source, whole } = await answerIn(format())
    vi.advanceTimersByTime(10_000)
    source.give(FAILED)
    expect(await whole).toEqual([200, format === json ? ' {"error":"provider-timeout"}' : '<~failed>', true])
  })

  it('says that the server stops, or is broken', async () => {
    const early = await answerIn(format())
    early.stream.stop()
    expect(await early.whole).toEqual([418, 'shutting-down', true])
    const late = await answerIn(format())
    vi.advanceTimersByTime(10_000)
    await late.received
    late.stream.stop()
    const [status, , isComplete] = await late.whole
    expect([status, isComplete]).toEqual([200, false])
  })

  it('is broken when the job does not end', async () => {
    const { source, whole } = await answerIn(format())
    vi.advanceTimersByTime(10_000)
    source.end()
    expect(await whole).toEqual([200, waiting.slice(0, -1), false])
  })
})

it('a stream of a job that failed behind some text is one, although all came at once', async () => {
  const { source, whole } = await answerIn(streamed())
  source.give(...[...tapedPieces(FAILED_LATER)].map(({ piece }) => piece), FAILED_LATER)
  expect(await whole).toEqual([200, '<Helfailed>', true])
})

it('a stream for which nobody waits begins at once, and says also an early failure', async () => {
  const { source, response, whole } = await answerIn(streamed(false))
  expect(response.headersSent).toBe(true)
  source.give(FAILED)
  expect(await whole).toEqual([200, '<failed>', true])
})

it('an event that cannot be written ends its own answer, and is reported', async () => {
  const error = new Error('secret')
  const piece = () => {
    throw error
  }
  const early = await answerIn(new DoorStreamFormat({ ...ENCODER, piece }, true))
  early.source.give(...PIECES, ENDED)
  expect(await early.whole).toEqual([418, 'internal', true])
  const late = await answerIn(new DoorStreamFormat({ ...ENCODER, piece }, false))
  await late.received
  late.source.give(...PIECES, ENDED)
  expect(await late.whole).toEqual([200, '<', false])
  expect([...early.reported, ...late.reported]).toEqual([error, error])
})
