import type { FinishReason, TokenUsage } from '@promptlab/contract'
import type { ToolCallDelta, VendorPiece } from '../answer-order.ts'
import { STRAY_TEXT, type StreamEvent } from '../http/event-reader.ts'
import { parsedJson } from '../parsed-json.ts'
import { valueAt } from '../value-at.ts'
import type { ChunkReading } from '../vendor-call.ts'
import { failureInAnswer } from './anthropic-failure.ts'
import { AnthropicUsage } from './anthropic-usage.ts'

/** The data of the last event. Anthropic may send it with blanks, and then the end of the body is waited for. */
export const END_MARKER = '{"type":"message_stop"}'

const FINISH_REASONS = new Map<unknown, FinishReason>([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool-calls'],
  ['refusal', 'refusal'],
])

/** Reads the events of one answer. Every field may be missing, because compatible servers leave fields out. */
export class AnthropicReader {
  readonly #usage = new AnthropicUsage()
  /** The arguments so far of the calls that have not ended, by the index of their block. */
  readonly #arguments = new Map<number, string>()
  /** The signatures of the blocks that have not ended, by index. */
  readonly #signatures = new Map<number, string>()
  /** The call that has ended without arguments, until it is known whether the token limit has cut it. */
  #emptyCall: number | undefined

  read({ event, data }: StreamEvent): ChunkReading {
    if (event === STRAY_TEXT) return { failure: { ...NOT_A_STREAM, vendorText: data } }
    if (data === '') return {}
    const chunk = parsedJson(data)
    if (typeof chunk === 'object' && chunk !== null) return this.#readChunk(chunk)
    if (event === 'error' || typeof chunk === 'string') return { failure: failureInAnswer(chunk ?? data) }
    return { failure: { ...NOT_A_CHUNK, vendorText: data } }
  }

  #readChunk(chunk: object): ChunkReading {
    switch (valueAt(chunk, 'type')) {
      case 'content_block_delta':
        return this.#readDelta(indexOf(chunk), valueAt(chunk, 'delta'))
      case 'content_block_start':
        return { pieces: [...this.#endEmptyCall(), ...this.#begin(indexOf(chunk), valueAt(chunk, 'content_block'))] }
      case 'content_block_stop':
        return { pieces: this.#endBlock(indexOf(chunk)) }
      case 'message_start':
        return { usage: this.#usageOf(valueAt(chunk, 'message')) }
      case 'message_delta':
        return this.#finish(chunk, valueAt(chunk, 'delta'))
      case 'message_stop':
        return { isEnd: true }
      case 'message':
        return this.#readWhole(chunk)
      default: {
        const error = valueAt(chunk, 'error')
        return error ? { failure: failureInAnswer(error) } : {}
      }
    }
  }

  #readDelta(index: number, delta: unknown): ChunkReading {
    switch (valueAt(delta, 'type')) {
      case 'text_delta':
        return { text: textAt(delta, 'text') }
      case 'thinking_delta':
        return { reasoning: textAt(delta, 'thinking') }
      case 'input_json_delta':
        return { pieces: this.#addArguments(index, textAt(delta, 'partial_json') ?? '') }
      case 'signature_delta':
        this.#sign(index, delta)
        return {}
      default:
        return {}
    }
  }

  /** A block comes empty, and its content in deltas. Some servers send the content with the block. */
  #begin(index: number, block: unknown): VendorPiece[] {
    switch (valueAt(block, 'type')) {
      case 'text':
        return [{ type: 'text', text: textAt(block, 'text') ?? '' }]
      case 'thinking':
        this.#sign(index, block)
        return [{ type: 'reasoning', text: textAt(block, 'thinking') ?? '' }]
      case 'redacted_thinking': {
        const data = textAt(block, 'data')
        return data ? [{ type: 'reasoning', text: '', carry: { type: 'redacted_thinking', data } }] : []
      }
      case 'tool_use':
        return [
          { type: 'tool-call-delta', index, id: textAt(block, 'id'), name: textAt(block, 'name') },
          ...this.#addArguments(index, inputOf(valueAt(block, 'input'))),
        ]
      default:
        return []
    }
  }

  #addArguments(index: number, text: string): ToolCallDelta[] {
    this.#arguments.set(index, (this.#arguments.get(index) ?? '') + text)
    return text ? [{ type: 'tool-call-delta', index, arguments: text }] : []
  }

  #sign(index: number, block: unknown): void {
    const signature = textAt(block, 'signature')
    if (signature) this.#signatures.set(index, (this.#signatures.get(index) ?? '') + signature)
  }

  #endBlock(index: number): VendorPiece[] {
    const signature = this.#signatures.get(index)
    this.#signatures.delete(index)
    if (signature) return [{ type: 'reasoning', text: '', carry: { type: 'thinking', signature } }]
    const text = this.#arguments.get(index)
    this.#arguments.delete(index)
    if (text === '') this.#emptyCall = index
    // A block that the token limit has cut ends too, but its arguments are not JSON.
    return text && parsedJson(text) !== undefined ? [{ type: 'tool-call-delta', index, isComplete: true }] : []
  }

  /** A call without arguments has an empty text, which is no JSON. */
  #endEmptyCall(): ToolCallDelta[] {
    const index = this.#emptyCall
    this.#emptyCall = undefined
    return index === undefined ? [] : [{ type: 'tool-call-delta', index, arguments: '{}', isComplete: true }]
  }

  #finish(message: object, delta: unknown): ChunkReading {
    const usage = this.#usageOf(message)
    const reason = valueAt(delta, 'stop_reason')
    if (typeof reason !== 'string' || reason === '') return { usage }
    const finishReason = FINISH_REASONS.get(reason)
    // `pause_turn` too: only tools that run at Anthropic pause, and the rest of the answer is not asked for.
    if (!finishReason) return { usage, failure: { ...UNKNOWN_REASON, vendorText: reason } }
    const isCut = finishReason === 'length' || finishReason === 'refusal'
    const pieces = [...(isCut ? [] : this.#endEmptyCall()), ...refusalOf(valueAt(delta, 'stop_details'))]
    return { usage, finishReason, ...(pieces.length > 0 && { pieces }) }
  }

  /** The whole answer at once, from a server that does not stream. */
  #readWhole(message: object): ChunkReading {
    const content = valueAt(message, 'content')
    const blocks: unknown[] = Array.isArray(content) ? content : []
    const pieces = blocks.flatMap((block, index) => [
      ...this.#endEmptyCall(),
      ...this.#begin(index, block),
      ...this.#endBlock(index),
    ])
    const end = this.#finish(message, message)
    return { ...end, pieces: [...pieces, ...(end.pieces ?? [])] }
  }

  #usageOf(holder: unknown): TokenUsage | undefined {
    return this.#usage.add(valueAt(holder, 'usage'))
  }
}

const NOT_A_CHUNK = { code: 'provider-malformed', what: 'sent an event that cannot be read' } as const
const NOT_A_STREAM = { code: 'provider-malformed', what: 'answered with something that is no stream' } as const
const UNKNOWN_REASON = { code: 'provider-malformed', what: 'ended its answer with the reason' } as const

/** The words by which Anthropic explains that its filter has stopped the model. */
function refusalOf(details: unknown): VendorPiece[] {
  const text = textAt(details, 'explanation')
  return text ? [{ type: 'refusal', text }] : []
}

/** The arguments that come with the opening of a call. An empty object stands for those that follow. */
function inputOf(input: unknown): string {
  return typeof input === 'object' && input !== null && Object.keys(input).length > 0 ? JSON.stringify(input) : ''
}

function indexOf(chunk: object): number {
  const index = valueAt(chunk, 'index')
  return typeof index === 'number' ? index : 0
}

function textAt(data: unknown, name: string): string | undefined {
  const value = valueAt(data, name)
  return typeof value === 'string' ? value : undefined
}
