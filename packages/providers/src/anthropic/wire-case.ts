import type { WireAnswer } from '../openai/wire-case.ts'
import { drain } from '../testing/drain.ts'
import type { LoopbackVendor } from '../testing/index.ts'
import { AnthropicProvider } from './anthropic-provider.ts'

/** Completes a prompt through a vendor that gives this answer. */
export async function readWire(vendor: LoopbackVendor, answer: WireAnswer) {
  const { status = 200, type = 'text/event-stream', body, behind = 'end', headers } = answer
  const provider = new AnthropicProvider({ baseUrl: vendor.url, apiKey: () => 'any' })
  const completion = provider.complete('Hi', { model: 'claude-sonnet-4-5', signal: new AbortController().signal })
  const drained = drain(completion)
  const exchange = await vendor.nextRequest()
  if (status !== 200) {
    exchange.respond(status, body, { 'content-type': type, ...headers })
  } else {
    exchange.start(type)
    exchange.sendRaw(body)
    if (behind === 'end') exchange.end()
    if (behind === 'reset') setImmediate(() => exchange.reset())
  }
  return drained
}

/** An event as Anthropic sends it. */
export function event(type: string, fields: object = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}

export function start(usage: object = { input_tokens: 3, output_tokens: 1 }): string {
  return event('message_start', { message: { id: 'msg_1', type: 'message', role: 'assistant', content: [], usage } })
}

export function begin(index: number, content_block: object): string {
  return event('content_block_start', { index, content_block })
}

export function delta(index: number, delta: object): string {
  return event('content_block_delta', { index, delta })
}

export function stop(index: number): string {
  return event('content_block_stop', { index })
}

/** A whole block of text. */
export function textBlock(index: number, text: string): string {
  return begin(index, { type: 'text', text: '' }) + delta(index, { type: 'text_delta', text }) + stop(index)
}

export function end(stop_reason: string | null, rest: object = {}, usage: object = { output_tokens: 5 }): string {
  return event('message_delta', { delta: { stop_reason, stop_sequence: null, ...rest }, usage }) + STOP
}

export const STOP = event('message_stop')
