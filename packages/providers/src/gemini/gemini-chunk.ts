import type { FinishReason, TokenUsage } from '@promptlab/contract'
import type { VendorPiece } from '../answer-order.ts'
import { tokenUsage } from '../token-usage.ts'
import { valueAt } from '../value-at.ts'
import type { ChunkReading } from '../vendor-call.ts'
import type { VendorFailure } from '../vendor-failure.ts'
import { failureInChunk } from './gemini-failure.ts'

const FINISH_REASONS = new Map<string, FinishReason>([
  ['STOP', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['SAFETY', 'content-filter'],
  ['RECITATION', 'content-filter'],
  ['BLOCKLIST', 'content-filter'],
  ['PROHIBITED_CONTENT', 'content-filter'],
  ['SPII', 'content-filter'],
  ['IMAGE_SAFETY', 'content-filter'],
  ['IMAGE_PROHIBITED_CONTENT', 'content-filter'],
  ['IMAGE_RECITATION', 'content-filter'],
])

/**
 * Reads one chunk. The SDK parses the JSON and checks nothing more, and its types know less than the API sends. Its
 * `text()` is not used, because it drops text that a filter has cut.
 */
export function readGeminiChunk(chunk: unknown): ChunkReading {
  const failure = failureInChunk(chunk)
  const candidate = valueAt(chunk, 'candidates', 0)
  const reading = { ...contentOf(candidate), usage: usageOf(valueAt(chunk, 'usageMetadata')) }
  return failure ? { ...reading, failure } : { ...reading, ...finishOf(candidate) }
}

function contentOf(candidate: unknown): Pick<ChunkReading, 'text' | 'reasoning' | 'pieces'> {
  const parts = valueAt(candidate, 'content', 'parts')
  const pieces = Array.isArray(parts) ? parts.flatMap(pieceOf) : []
  const [only] = pieces
  if (pieces.length !== 1 || only?.type === 'tool-call-delta' || only?.carry !== undefined) return { pieces }
  return only?.type === 'reasoning' ? { reasoning: only.text } : { text: only?.text }
}

/** What a part says. Parts of other kinds, such as code that Google runs, are not asked for. */
function pieceOf(part: unknown): VendorPiece[] {
  const signature = valueAt(part, 'thoughtSignature')
  const carry = typeof signature === 'string' && signature ? { carry: signature } : {}
  const call = valueAt(part, 'functionCall')
  const name = valueAt(call, 'name')
  if (typeof name === 'string' && name) {
    const id = valueAt(call, 'id')
    const json = JSON.stringify(valueAt(call, 'args') ?? {})
    return [
      {
        type: 'tool-call-delta',
        ...(typeof id === 'string' && { id }),
        name,
        arguments: json,
        isComplete: true,
        ...carry,
      },
    ]
  }
  const text = valueAt(part, 'text')
  if (typeof text !== 'string') return []
  return [{ type: valueAt(part, 'thought') === true ? 'reasoning' : 'text', text, ...carry }]
}

function finishOf(candidate: unknown): Pick<ChunkReading, 'finishReason' | 'failure'> {
  const reason = valueAt(candidate, 'finishReason')
  if (typeof reason !== 'string' || reason === '') return {}
  const finishReason = FINISH_REASONS.get(reason)
  return finishReason ? { finishReason } : { failure: failureOfReason(reason, valueAt(candidate, 'finishMessage')) }
}

/** The answer is of no use: a call that cannot be read, a language that the model does not speak, or nobody knows what. */
function failureOfReason(reason: string, message: unknown): VendorFailure {
  return {
    code: reason === 'LANGUAGE' ? 'provider-rejected' : 'provider-malformed',
    what: 'ended its answer with the reason',
    vendorText: typeof message === 'string' && message ? `${reason}: ${message}` : reason,
  }
}

/**
 * Google bills thoughts as output. A chunk has no output count while there is no output, or if the prompt was blocked.
 */
function usageOf(metadata: unknown): TokenUsage | undefined {
  if (!metadata) return undefined
  const thoughts = valueAt(metadata, 'thoughtsTokenCount')
  const answer = valueAt(metadata, 'candidatesTokenCount')
  const output = (typeof answer === 'number' ? answer : 0) + (typeof thoughts === 'number' ? thoughts : 0)
  return tokenUsage(valueAt(metadata, 'promptTokenCount'), output, {
    cachedInputTokens: valueAt(metadata, 'cachedContentTokenCount'),
    reasoningTokens: thoughts,
  })
}
