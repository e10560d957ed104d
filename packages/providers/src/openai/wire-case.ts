import type { CompletionPiece } from '../llm-provider.ts'
import { drain } from '../testing/drain.ts'
import type { LoopbackVendor } from '../testing/index.ts'
import { OpenAIProvider } from './openai-provider.ts'

/** An answer of a server, byte for byte. */
export interface WireAnswer {
  /** Default: 200. */
  readonly status?: number
  /** The content type. Default: that of an event stream. Empty: none. */
  readonly type?: string
  readonly body: string
  /** What the server does behind the body. Default: it ends the answer. */
  readonly behind?: 'end' | 'reset' | 'open'
  readonly headers?: Readonly<Record<string, string>>
}

/** Completes a prompt through a vendor that gives this answer. */
export async function readWire(vendor: LoopbackVendor, answer: WireAnswer) {
  const { status = 200, type = 'text/event-stream', body, behind = 'end', headers } = answer
  const provider = new OpenAIProvider({ baseUrl: vendor.url, apiKey: () => 'any' })
  const completion = provider.complete('Hi', { model: 'm', signal: new AbortController().signal })
  const first = completion.next()
  // It is awaited below.
  first.catch(() => {})
  const exchange = await vendor.nextRequest()
  if (status !== 200) {
    exchange.respond(status, body, { 'content-type': type, ...headers })
  } else {
    exchange.start(type)
    exchange.sendRaw(body)
    if (behind === 'end') exchange.end()
    if (behind === 'reset') {
      // A reset discards what has not arrived.
      await first.catch(() => {})
      exchange.reset()
    }
  }
  const drained = await drain(rejoined(first, completion))
  return { ...drained, textOf: (kind: string) => textOfKind(drained.pieces, kind) }
}

type Completion = ReturnType<OpenAIProvider['complete']>

async function* rejoined(first: ReturnType<Completion['next']>, rest: Completion): Completion {
  const { done, value } = await first
  if (done) return value
  yield value
  return yield* rest
}

function textOfKind(pieces: readonly CompletionPiece[], kind: string): string {
  return pieces
    .map((piece) => {
      if (typeof piece === 'string') return kind === 'text' ? piece : ''
      return piece.type === kind && 'text' in piece ? piece.text : ''
    })
    .join('')
}

/** The calls of an answer; `isOpen` of one that was cut. */
export function callsOf(pieces: readonly CompletionPiece[]) {
  const calls: { callId: string; name: string; text: string; isOpen: boolean }[] = []
  for (const piece of pieces) {
    const last = calls.at(-1)
    if (typeof piece === 'string') continue
    if (piece.type === 'tool-call') calls.push({ callId: piece.callId, name: piece.name, text: '', isOpen: true })
    if (piece.type === 'tool-arguments' && last) last.text += piece.text
    if (piece.type === 'tool-call-end' && last) last.isOpen = false
  }
  return calls
}

/** An event with a chunk of one choice. */
export function delta(content: object, finish_reason: string | null = null, rest: object = {}): string {
  return event({
    id: 'c',
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta: content, finish_reason }],
    ...rest,
  })
}

export function event(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`
}

export const DONE = 'data: [DONE]\n\n'
export const STOP = delta({}, 'stop') + DONE
