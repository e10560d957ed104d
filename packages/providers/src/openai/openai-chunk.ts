import type { FinishReason } from '@promptlab/contract'
import { STRAY_TEXT, type StreamEvent } from '../http/event-reader.ts'
import { parsedJson } from '../parsed-json.ts'
import { valueAt } from '../value-at.ts'
import type { ChunkReading } from '../vendor-call.ts'
import type { VendorFailure } from '../vendor-failure.ts'
import { contentOf } from './delta-content.ts'
import { failureInStream } from './openai-failure.ts'
import { openAIUsage } from './openai-usage.ts'

/** The data of the last event in every stream of OpenAI and of most compatible servers. */
export const END_MARKER = '[DONE]'

const FINISH_REASONS = new Map<string, FinishReason>([
  ...named('stop', 'stop', 'end_turn', 'eos', 'eos_token', 'stop_sequence', 'end'),
  ...named('length', 'length', 'max_tokens', 'max_output_tokens', 'max_new_tokens', 'model_length'),
  ...named('length', 'model_context_window_exceeded'),
  ...named('content-filter', 'content_filter', 'sensitive', 'safety'),
  ...named('tool-calls', 'tool_calls', 'tool_call', 'function_call', 'tool_use'),
  ...named('refusal', 'refusal'),
])

function named(reason: FinishReason, ...names: string[]): [string, FinishReason][] {
  return names.map((name) => [name, reason])
}

/** The reasons by which servers say that they failed. */
const FAILURE_REASONS = new Set(['error', 'abort', 'aborted', 'network_error', 'insufficient_system_resource'])

/** The meaning of an event, with what `OpenAIReader` needs to know of it. */
export interface OpenAIReading extends ChunkReading {
  /** The server says in a reason, not by leaving it out, that the answer is not complete. */
  readonly isUnfinished?: boolean
  /** The content is the whole answer, from a server that sends a `message` in place of a `delta`. */
  readonly isWhole?: boolean
}

/** Reads one event. Every field may be missing, because compatible servers leave fields out. */
export function readOpenAIEvent({ event, data }: StreamEvent): OpenAIReading {
  if (data === '') return {}
  if (event !== undefined) return readNamedEvent(event, data)
  if (data === END_MARKER) return { isEnd: true }
  const chunk = parsedJson(data)
  return chunk === undefined ? { failure: { ...NOT_A_CHUNK, vendorText: data } } : readChunk(chunk)
}

/** Names are not used for chunks. A failure has one, and so has what some servers send to keep a connection alive. */
function readNamedEvent(event: string, data: string): OpenAIReading {
  if (event === STRAY_TEXT) return { failure: { ...NOT_A_STREAM, vendorText: data } }
  const chunk = parsedJson(data)
  if (/error|exception|fail/i.test(event)) return { failure: failureInStream(valueAt(chunk, 'error') ?? chunk ?? data) }
  return typeof chunk === 'object' && chunk !== null ? readChunk(chunk) : {}
}

const NOT_A_CHUNK = { code: 'provider-malformed', what: 'sent an event that cannot be read' } as const
const NOT_A_STREAM = { code: 'provider-malformed', what: 'answered with something that is no stream' } as const

function readChunk(chunk: unknown): OpenAIReading {
  const choices = valueAt(chunk, 'choices')
  const choice: unknown = Array.isArray(choices) ? choices.find(isOurs) : undefined
  const error = errorIn(chunk, choice)
  const delta = valueAt(choice, 'delta')
  const message = valueAt(choice, 'message')
  // Some servers send the answer so far in a message beside each delta.
  const isWhole = message !== undefined && !hasKeys(delta)
  return {
    ...contentOf(isWhole ? message : delta, valueAt(choice, 'text')),
    ...openAIUsage(chunk, choice),
    ...(error === undefined ? finishOf(choice) : { failure: failureInStream(error) }),
    ...(isWhole && { isWhole }),
  }
}

/** We ask for one choice. */
function isOurs(choice: unknown): boolean {
  return (valueAt(choice, 'index') ?? 0) === 0
}

function finishOf(choice: unknown): Pick<OpenAIReading, 'finishReason' | 'failure' | 'isUnfinished'> | undefined {
  const reason = valueAt(choice, 'finish_reason')
  if (typeof reason !== 'string' || reason === '') return undefined
  const name = reason.toLowerCase()
  if (name === 'null') return { isUnfinished: true }
  const finishReason = FINISH_REASONS.get(name)
  return finishReason ? { finishReason } : { failure: failureOfReason(name) }
}

function failureOfReason(name: string): VendorFailure {
  const code = FAILURE_REASONS.has(name) ? 'provider-unavailable' : 'provider-malformed'
  return { code, what: 'ended its answer with the reason', vendorText: name }
}

/** What a chunk says of a failure, in one of many forms. Undefined if it says nothing. */
function errorIn(chunk: unknown, choice: unknown): unknown {
  const error = [valueAt(chunk, 'error'), valueAt(choice, 'error')].find(isFailure)
  if (error !== undefined) return error
  if (typeof chunk === 'string') return chunk
  if (valueAt(chunk, 'object') === 'error' || valueAt(chunk, 'type') === 'error') return chunk
  if (choice !== undefined || Array.isArray(valueAt(chunk, 'choices'))) return undefined
  if (Array.isArray(chunk)) return chunk.length > 0 ? chunk : undefined
  return ERROR_FIELDS.some((name) => isFailure(valueAt(chunk, name))) ? chunk : undefined
}

/** Fields of objects that are no chunks. */
const ERROR_FIELDS = ['message', 'detail', 'errors', 'msg', 'error_msg', 'error_message', 'error_code'] as const

function isFailure(value: unknown): boolean {
  return typeof value === 'object' ? hasKeys(value) : Boolean(value)
}

function hasKeys(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}
