import type { Part, UsageMetadata } from '@google/generative-ai'
import type { FinishReason } from '@promptlab/contract'
import { tokenUsage } from '../token-usage.ts'
import { valueAt } from '../value-at.ts'
import type { ChunkReading } from '../vendor-stream.ts'
import { type GeminiChunk, throwIfFailed } from './gemini-failure.ts'

const FINISH_REASONS = new Map<string, FinishReason>([
  ['STOP', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['SAFETY', 'content-filter'],
  ['RECITATION', 'content-filter'],
  ['BLOCKLIST', 'content-filter'],
  ['PROHIBITED_CONTENT', 'content-filter'],
  ['SPII', 'content-filter'],
  ['IMAGE_SAFETY', 'content-filter'],
])

/**
 * Reads one chunk. The SDK parses the JSON and checks nothing more. Its `text()` is not used, because it drops text
 * that a filter has cut.
 * @throws VendorFailed the chunk reports a failure
 */
export function readGeminiChunk(chunk: GeminiChunk): ChunkReading {
  throwIfFailed(chunk)
  const candidate = chunk.candidates?.[0]
  const reason = candidate?.finishReason
  return {
    text: candidate?.content?.parts?.map(answerText).join(''),
    finishReason: reason ? (FINISH_REASONS.get(reason) ?? 'other') : undefined,
    usage: chunk.usageMetadata && usageOf(chunk.usageMetadata),
  }
}

function answerText(part: Part): string {
  // Newer models send their thoughts too, marked as such. They are not part of the answer.
  return typeof part.text === 'string' && valueAt(part, 'thought') !== true ? part.text : ''
}

/**
 * Google bills thoughts as output. A chunk has no output count while there is no output, or if the prompt was blocked.
 */
function usageOf(metadata: UsageMetadata) {
  const thoughts = valueAt(metadata, 'thoughtsTokenCount')
  const output = (metadata.candidatesTokenCount ?? 0) + (typeof thoughts === 'number' ? thoughts : 0)
  return tokenUsage(metadata.promptTokenCount, output)
}
