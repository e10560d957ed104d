import type { FinishReason, TokenUsage } from '@promptlab/contract'
import type { VendorPiece } from '../../answer-order.ts'
import { STRAY_TEXT, type StreamEvent } from '../../http/event-reader.ts'
import { parsedJson } from '../../parsed-json.ts'
import { tokenUsage } from '../../token-usage.ts'
import { valueAt } from '../../value-at.ts'
import type { ChunkReading } from '../../vendor-call.ts'
import { VendorFailed, type VendorFailure } from '../../vendor-failure.ts'
import { END_MARKER } from '../openai-chunk.ts'
import { failureInStream } from '../openai-failure.ts'
import { DeltaTemplate } from './delta-template.ts'
import { COMMENTARY, type ReasoningCarry } from './responses-input.ts'

const INCOMPLETE_REASONS = new Map<unknown, FinishReason>([
  ['max_output_tokens', 'length'],
  ['max_tokens', 'length'],
  ['content_filter', 'content-filter'],
])

/** The kinds of text in an answer, each of which has deltas and a whole. */
type TextKind = 'text' | 'refusal' | 'reasoning' | 'arguments'

interface GrowingText {
  readonly kind: 'text' | 'reasoning'
  /** In `#texts`. */
  readonly key: string
  text: string
  readonly template: DeltaTemplate
}

const DELTAS = new Map<unknown, TextKind>([
  ['response.output_text.delta', 'text'],
  ['response.refusal.delta', 'refusal'],
  ['response.reasoning_summary_text.delta', 'reasoning'],
  ['response.reasoning_text.delta', 'reasoning'],
  ['response.function_call_arguments.delta', 'arguments'],
])
/** The field that has the whole text, in the event that ends it. */
const WHOLES = new Map<unknown, readonly [TextKind, string]>([
  ['response.output_text.done', ['text', 'text']],
  ['response.refusal.done', ['refusal', 'refusal']],
  ['response.reasoning_summary_text.done', ['reasoning', 'text']],
  ['response.reasoning_text.done', ['reasoning', 'text']],
  ['response.function_call_arguments.done', ['arguments', 'arguments']],
])

const NOT_AN_EVENT = { code: 'provider-malformed', what: 'sent an event that cannot be read' } as const
const NOT_A_STREAM = { code: 'provider-malformed', what: 'answered with something that is no stream' } as const
const NOT_ITS_DELTAS = { code: 'provider-malformed', what: 'sent a text that differs from its pieces' } as const

/**
 * Reads the events of one answer of the Responses API. An event that it does not know, and one without content, means that
 * the vendor is alive. A text that is told again as a whole must be what its pieces were; what they lacked is added.
 */
export class ResponsesReader {
  /** The texts so far, by kind and place in the answer. */
  readonly #texts = new Map<string, string>()
  /** The text that grows, if its deltas can be read without parsing. It is in `#texts` when it stands still. */
  #growing: GrowingText | undefined
  /** Whether the run can be joined again, and its handle has not been told yet. */
  #owesHandle: boolean

  /** @param isJoinable whether the run goes on when the connection breaks, so that its handle is told */
  constructor(isJoinable = false) {
    this.#owesHandle = isJoinable
  }

  read(streamed: StreamEvent): ChunkReading {
    const growing = this.#growing
    const text = growing?.template.textOf(streamed.data)
    if (growing && text !== undefined) {
      growing.text += text
      return growing.kind === 'text' ? { text } : { reasoning: text }
    }
    if (growing) this.#texts.set(growing.key, growing.text)
    return this.#parse(streamed)
  }

  #parse({ event: name, data }: StreamEvent): ChunkReading {
    if (name === STRAY_TEXT) return { failure: { ...NOT_A_STREAM, vendorText: data } }
    if (data === '' || data === END_MARKER) return {}
    const event = parsedJson(data)
    if (typeof event !== 'object' || event === null) return { failure: { ...NOT_AN_EVENT, vendorText: data } }
    const type = valueAt(event, 'type')
    const deltaKind = DELTAS.get(type)
    if (deltaKind) return this.#grow(deltaKind, event, data)
    const whole = WHOLES.get(type)
    if (whole) return this.#complete(whole[0], event, textAt(event, whole[1]))
    return this.#readStructure(type, event)
  }

  #readStructure(type: unknown, event: object): ChunkReading {
    switch (type) {
      case 'response.created':
      case 'response.queued':
      case 'response.in_progress':
        return this.#handleOf(valueAt(event, 'response', 'id'))
      case 'response.output_item.added':
        return callBegun(event)
      case 'response.output_item.done':
        return this.#itemDone(event)
      case 'response.reasoning_summary_part.added':
        // The parts of a summary are paragraphs.
        return valueAt(event, 'summary_index') === 0 ? {} : { reasoning: '\n\n' }
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
      case 'response.cancelled':
        return this.#end(valueAt(event, 'response'))
      case 'error':
        return { failure: failureInStream(valueAt(event, 'error') ?? event) }
      default:
        return this.#readOther(event)
    }
  }

  #handleOf(id: unknown): ChunkReading {
    if (!this.#owesHandle || typeof id !== 'string' || id === '') return {}
    this.#owesHandle = false
    return { runHandle: { id } }
  }

  /** What comes in place of events: an error, or the whole answer. */
  #readOther(body: object): ChunkReading {
    if (valueAt(body, 'object') === 'response') return this.#end(body)
    const isFailure =
      valueAt(body, 'type') === undefined && FAILURE_FIELDS.some((field) => Boolean(valueAt(body, field)))
    return isFailure ? { failure: failureInStream(valueAt(body, 'error') || body) } : {}
  }

  #grow(kind: TextKind, event: object, data: string): ChunkReading {
    const [key, delta] = [keyOf(kind, event), textAt(event, 'delta')]
    const text = (this.#texts.get(key) ?? '') + delta
    this.#texts.set(key, text)
    if (kind === 'text' || kind === 'reasoning') {
      const template = this.#growing?.key === key ? this.#growing.template : DeltaTemplate.from(data, event, delta)
      this.#growing = template && { kind, key, text, template }
    }
    return readingOf(kind, delta, event)
  }

  #complete(kind: TextKind, event: object, whole: string): ChunkReading {
    const key = keyOf(kind, event)
    const rest = restOf(whole, this.#texts.get(key) ?? '')
    this.#texts.set(key, whole)
    if (this.#growing?.key === key) this.#growing = undefined
    return readingOf(kind, rest, event)
  }

  #itemDone(event: object): ChunkReading {
    const item = valueAt(event, 'item')
    switch (valueAt(item, 'type')) {
      case 'function_call': {
        const { pieces = [] } = this.#complete('arguments', event, textAt(item, 'arguments'))
        const index = indexOf(event)
        return { pieces: [...pieces, { type: 'tool-call-delta', index, ...callOf(item), isComplete: true }] }
      }
      case 'reasoning':
        return { pieces: carriedReasoning(item) }
      case 'message':
        return valueAt(item, 'phase') === COMMENTARY.phase
          ? { pieces: [{ type: 'text', text: '', carry: { ...COMMENTARY } }] }
          : {}
      default:
        return {}
    }
  }

  /** The end, with what the pieces lacked of the text. */
  #end(response: unknown): ChunkReading {
    const end = { ...finishOf(response), usage: usageOf(valueAt(response, 'usage')) }
    const texts = textsIn(response)
    if (end.failure || texts === undefined) return end
    const told = [...this.#texts].flatMap(([key, text]) => (key.startsWith('text') ? [text] : [])).join('')
    return { ...end, text: restOf(texts, told) }
  }
}

const FAILURE_FIELDS = ['error', 'detail', 'message'] as const

function textAt(data: unknown, name: string): string {
  const value = valueAt(data, name)
  return typeof value === 'string' ? value : ''
}

function indexOf(event: object): number | undefined {
  const index = valueAt(event, 'output_index')
  return typeof index === 'number' ? index : undefined
}

function keyOf(kind: TextKind, event: object): string {
  const part = valueAt(event, 'content_index') ?? valueAt(event, 'summary_index')
  // Text and summaries of reasoning have indexes of their own.
  const isSummary = valueAt(event, 'summary_index') !== undefined
  return `${kind} ${indexOf(event)} ${isSummary ? 'summary' : 'content'} ${part}`
}

/** @throws VendorFailed the text is not what its pieces were */
function restOf(whole: string, told: string): string {
  if (!whole.startsWith(told)) throw new VendorFailed(NOT_ITS_DELTAS)
  return whole.slice(told.length)
}

function readingOf(kind: TextKind, text: string, event: object): ChunkReading {
  if (!text) return {}
  switch (kind) {
    case 'text':
      return { text }
    case 'reasoning':
      return { reasoning: text }
    case 'refusal':
      return { pieces: [{ type: 'refusal', text }] }
    case 'arguments':
      return { pieces: [{ type: 'tool-call-delta', index: indexOf(event), arguments: text }] }
  }
}

function callBegun(event: object): ChunkReading {
  const item = valueAt(event, 'item')
  if (valueAt(item, 'type') !== 'function_call') return {}
  return { pieces: [{ type: 'tool-call-delta', index: indexOf(event), ...callOf(item) }] }
}

function callOf(item: unknown): { id: string; name: string } {
  return { id: textAt(item, 'call_id') || textAt(item, 'id'), name: textAt(item, 'name') }
}

/** What the next turn needs of an item of reasoning. */
function carriedReasoning(item: unknown): VendorPiece[] {
  const carry = { id: textAt(item, 'id'), encryptedContent: textAt(item, 'encrypted_content') } satisfies ReasoningCarry
  return carry.encryptedContent ? [{ type: 'reasoning', text: '', carry }] : []
}

function ended(failure: VendorFailure): VendorFailure {
  return { ...failure, hasEndedRun: true }
}

function finishOf(response: unknown): { finishReason?: FinishReason; failure?: VendorFailure } {
  const status = valueAt(response, 'status')
  if (status === 'completed') return { finishReason: 'stop' }
  if (status === 'incomplete') {
    const reason = valueAt(response, 'incomplete_details', 'reason')
    const finishReason = INCOMPLETE_REASONS.get(reason)
    if (finishReason) return { finishReason }
    return {
      failure: ended({
        code: 'provider-malformed',
        what: 'ended its answer with the reason',
        vendorText: String(reason),
      }),
    }
  }
  const error = valueAt(response, 'error')
  if (error) return { failure: ended(failureInStream(error)) }
  return {
    failure: ended({
      code: 'provider-unavailable',
      what: 'ended its answer with the status',
      vendorText: String(status),
    }),
  }
}

/** The whole text of the answer. Undefined if the response does not tell it. */
function textsIn(response: unknown): string | undefined {
  const output = valueAt(response, 'output')
  if (!Array.isArray(output) || output.length === 0) return undefined
  const contents = output.flatMap((item): unknown[] => {
    const content = valueAt(item, 'type') === 'message' ? valueAt(item, 'content') : undefined
    return Array.isArray(content) ? content : []
  })
  return contents.map((part) => (valueAt(part, 'type') === 'output_text' ? textAt(part, 'text') : '')).join('')
}

function usageOf(usage: unknown): TokenUsage | undefined {
  return tokenUsage(valueAt(usage, 'input_tokens'), valueAt(usage, 'output_tokens'), {
    cachedInputTokens: valueAt(usage, 'input_tokens_details', 'cached_tokens'),
    cacheWriteTokens: valueAt(usage, 'input_tokens_details', 'cache_write_tokens'),
    reasoningTokens: valueAt(usage, 'output_tokens_details', 'reasoning_tokens'),
  })
}
