import type { JsonValue } from '@promptlab/providers'
import type { AskedAnswerPart } from '../../jobs/input/asked-job.ts'
import { decodeCarry } from '../encoded-carry.ts'
import type { AssistantBlock } from './messages-body.ts'

type ThinkingBlock = Extract<AssistantBlock, { type: 'thinking' | 'redacted_thinking' }>

/** The provider that knows what Anthropic itself has signed. */
const ANTHROPIC = 'anthropic'

/**
 * Thinking of an earlier answer. Its signature left a door of ours, and then it holds what some vendor wants back. Or the
 * client had it from Anthropic itself, and then only Anthropic gets it. Undefined if nothing is left of the block.
 */
export function returnedThinking(block: ThinkingBlock, provider: string): AskedAnswerPart | undefined {
  const text = block.type === 'thinking' ? block.thinking : ''
  const signed = block.type === 'thinking' ? block.signature : block.data
  const carry = decodeCarry(signed) ?? (provider === ANTHROPIC && signed !== '' ? ofAnthropic(block) : undefined)
  if (text === '' && !carry) return undefined
  return { type: 'reasoning', text, ...(carry && { carry }) }
}

/** In the form in which the provider `anthropic` gives it with an answer. */
function ofAnthropic(block: ThinkingBlock): { provider: string; value: JsonValue } {
  const value =
    block.type === 'thinking'
      ? { type: block.type, signature: block.signature }
      : { type: block.type, data: block.data }
  return { provider: ANTHROPIC, value }
}
