import type { FinishReason } from '@promptlab/contract'
import { tokenUsage } from '../token-usage.ts'
import { valueAt } from '../value-at.ts'
import { VendorFailed } from '../vendor-failure.ts'
import type { ChunkReading } from '../vendor-stream.ts'
import type { ChunkEvent } from './chunk-template.ts'
import { failureInStream } from './openai-failure.ts'

/** The data of the last event in every stream of OpenAI and of most compatible servers. */
export const END_MARKER = '[DONE]'

const FINISH_REASONS = new Map<string, FinishReason>([
  ['stop', 'stop'],
  ['length', 'length'],
  ['content_filter', 'content-filter'],
])

/**
 * Reads one event. Every field may be missing, because compatible servers leave fields out.
 * @throws VendorFailed the event reports a failure
 * @throws SyntaxError the data is not JSON
 */
export function readOpenAIEvent({ event, data }: ChunkEvent): ChunkReading {
  if (data === END_MARKER) return { isEnd: true }
  if (data === '') return {}
  const chunk: unknown = JSON.parse(data)
  const error = valueAt(chunk, 'error')
  if (error || event === 'error') throw new VendorFailed(failureInStream(error ?? chunk))
  const choice = valueAt(valueAt(chunk, 'choices'), 0)
  const text = valueAt(valueAt(choice, 'delta') ?? valueAt(choice, 'message'), 'content')
  const reason = valueAt(choice, 'finish_reason')
  const usage = valueAt(chunk, 'usage')
  return {
    text: typeof text === 'string' ? text : undefined,
    finishReason: typeof reason === 'string' && reason ? (FINISH_REASONS.get(reason) ?? 'other') : undefined,
    usage: usage ? tokenUsage(valueAt(usage, 'prompt_tokens'), valueAt(usage, 'completion_tokens')) : undefined,
  }
}
