import type { AssistantPart } from '@promptlab/providers'
import { partsOf, type StoredAnswer } from '../answer/stored-answer.ts'
import type { AskedAnswerPart } from './asked-job.ts'

/**
 * The parts of an answer as an input, each at its index. Undefined is a tool call that was cut: it is left out of every input,
 * because it can have no result.
 * @param hasCarries whether the parts have what their vendor wants back
 */
export function answerParts(answer: StoredAnswer, hasCarries: boolean): (AssistantPart | undefined)[] {
  let textEnd = 0
  return partsOf(answer).map((part) => {
    const carried = hasCarries && part.carry !== undefined && { carry: part.carry }
    switch (part.type) {
      case 'text':
        textEnd += part.length
        return { type: part.type, text: answer.result.slice(textEnd - part.length, textEnd), ...carried }
      case 'tool-call': {
        const { type, callId, name, ended } = part
        return ended && { type, callId, name, arguments: part.arguments, ...carried }
      }
      case 'reasoning':
        return { type: part.type, text: part.text, ...carried }
      default:
        return { type: part.type, text: part.text }
    }
  })
}

/**
 * The same, to be asked again.
 * @param provider whose answer it is. What its vendor wants back is only for this provider
 */
export function askedParts(answer: StoredAnswer, provider: string): (AskedAnswerPart | undefined)[] {
  return answerParts(answer, true).map((part) => part && askedPart(part, provider))
}

function askedPart(part: AssistantPart, provider: string): AskedAnswerPart {
  const value = 'carry' in part ? part.carry : undefined
  return { ...part, carry: value === undefined ? undefined : { provider, value } }
}
