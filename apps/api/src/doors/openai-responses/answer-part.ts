import type { JsonValue } from '@promptlab/providers'
import type { LogPart } from '../../jobs/answer/log-piece.ts'
import type { PartType } from '../../jobs/answer/piece.ts'
import { partsOf, type StoredAnswer } from '../../jobs/answer/stored-answer.ts'

/** A whole part of an answer, of which an item is made. */
export interface AnswerPart {
  /** The index among all parts of the answer, also among those that are no items. */
  readonly index: number
  readonly type: PartType
  /** The arguments of a tool call. */
  readonly text: string
  /** The name of the tool. Empty for other parts. */
  readonly name: string
  /** Whether the part is complete as far as the part itself tells: false for a tool call that was cut. */
  readonly hasEnded: boolean
  readonly carry: JsonValue | undefined
}

/** Whether a part is an item. Of the parts of no length only reasoning is one, for what its vendor wants back. */
export function isItem({ type, text, carry }: AnswerPart): boolean {
  return text !== '' || type === 'tool-call' || (type === 'reasoning' && carry !== undefined)
}

/** The item of an answer that has nothing to say. Some SDKs take an output without items for no answer, and ask again. */
export const EMPTY_MESSAGE: AnswerPart = {
  index: 0,
  type: 'text',
  text: '',
  name: '',
  hasEnded: true,
  carry: undefined,
}

/** All parts of an answer. */
export function answerParts(answer: StoredAnswer): AnswerPart[] {
  let textEnd = 0
  return partsOf(answer).map((part, index): AnswerPart => {
    const { type, carry } = part
    switch (type) {
      case 'text':
        textEnd += part.length
        return {
          index,
          type,
          text: answer.result.slice(textEnd - part.length, textEnd),
          name: '',
          hasEnded: true,
          carry,
        }
      case 'tool-call':
        return { index, type, text: part.arguments, name: part.name, hasEnded: part.ended === true, carry }
      default:
        return { index, type, text: part.text, name: '', hasEnded: true, carry }
    }
  })
}

/** A part in the log behind which another one has begun. */
export function wholePart(part: LogPart): AnswerPart {
  const { index, type, name, carry } = part
  return { index, type, text: part.text(), name, hasEnded: true, carry }
}
