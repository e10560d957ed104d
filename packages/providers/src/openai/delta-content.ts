import type { ToolCallDelta, VendorPiece } from '../answer-order.ts'
import { valueAt } from '../value-at.ts'
import type { ChunkReading } from '../vendor-call.ts'

type Content = Pick<ChunkReading, 'text' | 'reasoning' | 'pieces'>

/**
 * Reads the content of a delta or of a message.
 * @param completion the text of a choice in the form of the older completions
 */
export function contentOf(delta: unknown, completion: unknown): Content {
  const content = valueAt(delta, 'content') ?? completion
  const pieces = [...contentPieces(content), ...refusalPieces(delta), ...callPieces(delta)]
  return {
    text: textOf(content),
    reasoning: reasoningOf(delta),
    pieces: pieces.length > 0 ? pieces : undefined,
  }
}

/** Reasoning has a field of its own, whose name differs. Some servers send two of them, with the same text. */
function reasoningOf(delta: unknown): string | undefined {
  return (
    textOf(valueAt(delta, 'reasoning_content')) ||
    textOf(valueAt(delta, 'reasoning')) ||
    textOf(valueAt(delta, 'thinking')) ||
    textsOf(valueAt(delta, 'reasoning_details')) ||
    undefined
  )
}

/** Mistral sends an array of parts, with its reasoning among them. */
function contentPieces(content: unknown): VendorPiece[] {
  return Array.isArray(content) ? content.map(contentPiece) : []
}

function contentPiece(part: unknown): VendorPiece {
  const reasoning = textsOf(valueAt(part, 'thinking')) || textsOf(valueAt(part, 'reasoning'))
  if (reasoning) return { type: 'reasoning', text: reasoning }
  const refusal = textOf(valueAt(part, 'refusal'))
  if (refusal) return { type: 'refusal', text: refusal }
  return { type: 'text', text: textsOf(part) }
}

function refusalPieces(delta: unknown): VendorPiece[] {
  const text = textOf(valueAt(delta, 'refusal'))
  return text ? [{ type: 'refusal', text }] : []
}

function callPieces(delta: unknown): VendorPiece[] {
  const calls = valueAt(delta, 'tool_calls')
  const list: unknown[] = Array.isArray(calls) ? calls : []
  const pieces = list.map((call) => callDelta(call, valueAt(call, 'function'), valueAt(call, 'index')))
  // The form of a tool call before there could be several. Some servers send both.
  const only = valueAt(delta, 'function_call')
  return only && pieces.length === 0 ? [callDelta(only, only, 0)] : pieces
}

function callDelta(call: unknown, body: unknown, index: unknown): ToolCallDelta {
  const given = valueAt(body, 'arguments')
  return {
    type: 'tool-call-delta',
    index: typeof index === 'number' ? index : undefined,
    id: textOf(valueAt(call, 'id')),
    name: textOf(valueAt(body, 'name')),
    arguments: typeof given === 'object' && given !== null ? JSON.stringify(given) : textOf(given),
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** The text of a part, or of parts that belong together: details of reasoning have a text or a summary. */
function textsOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textsOf).join('')
  return textOf(value) ?? textOf(valueAt(value, 'text')) ?? textOf(valueAt(value, 'summary')) ?? ''
}
