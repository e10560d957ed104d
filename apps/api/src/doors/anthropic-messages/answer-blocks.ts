import type { JsonValue } from '@promptlab/providers'
import { partsOf, type StoredPart } from '../../jobs/answer/stored-answer.ts'
import { answererOf } from '../../jobs/answerer.ts'
import type { StoredFinalJob } from '../../jobs/job.ts'
import { partId } from '../door-ids.ts'
import { encodeCarry } from '../encoded-carry.ts'

/** A call of a tool. The caller of a tool is the model itself: there are no tools that run here. */
export interface ToolUseBlock {
  readonly type: 'tool_use'
  readonly id: string
  readonly name: string
  readonly input: Readonly<Record<string, JsonValue>>
  readonly caller: { readonly type: 'direct' }
}

/** A block of the content of a message, as the Messages API writes it. */
export type AnswerBlock =
  | { readonly type: 'text'; readonly text: string; readonly citations: null }
  | { readonly type: 'thinking'; readonly thinking: string; readonly signature: string }
  | ToolUseBlock

/** The blocks of an answer. A part of no length is a block only if it has what its vendor wants back of its reasoning. */
export function answerBlocks(job: StoredFinalJob): AnswerBlock[] {
  const blocks: AnswerBlock[] = []
  let textEnd = 0
  for (const [index, part] of partsOf(job).entries()) {
    if (part.type === 'text') textEnd += part.length
    const text = part.type === 'text' ? job.result.slice(textEnd - part.length, textEnd) : ''
    const block = blockOf(part, text, job, index)
    if (block) blocks.push(block)
  }
  return blocks
}

/** @param text of a text part, which is not in the part */
function blockOf(part: StoredPart, text: string, job: StoredFinalJob, index: number): AnswerBlock | undefined {
  switch (part.type) {
    case 'text':
      return textBlock(text)
    case 'refusal':
      return textBlock(part.text)
    case 'reasoning': {
      const signature = signatureOf(part.carry, answererOf(job).provider)
      return part.text === '' && signature === '' ? undefined : { type: 'thinking', thinking: part.text, signature }
    }
    case 'tool-call':
      return { ...openingToolUse(job.id, index, part.name), input: inputOf(part.arguments) }
  }
}

/** A refusal is text: the Messages API has no block for it, and tells it by the reason why the model stopped. */
function textBlock(text: string): AnswerBlock | undefined {
  return text === '' ? undefined : { type: 'text', text, citations: null }
}

/** A call before its arguments have come. */
export function openingToolUse(jobId: string, part: number, name: string): ToolUseBlock {
  return { type: 'tool_use', id: partId('call_', jobId, part), name, input: {}, caller: { type: 'direct' } }
}

/** The signature of a thinking block, in which clients send back what its vendor wants. Empty if that is nothing. */
export function signatureOf(carry: JsonValue | undefined, provider: string): string {
  return carry === undefined ? '' : encodeCarry({ provider, value: carry })
}

/** The arguments of a call. Those that are no JSON object, because they were cut or no JSON at all, are an empty object. */
function inputOf(text: string): ToolUseBlock['input'] {
  try {
    const value: JsonValue = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
  } catch {
    return {}
  }
}
