import type { AssistantPart } from '@promptlab/providers'
import { partsOf, type StoredAnswer } from '../answer/stored-answer.ts'

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
