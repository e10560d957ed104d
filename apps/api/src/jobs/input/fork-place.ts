import { END_CURSOR, type ForkPlace } from '@promptlab/contract'
import { ApiError } from '../../base/api-error.ts'
import { placeOfText, wholePlace } from '../answer/answer-up-to.ts'
import { answerLength, type StoredAnswer } from '../answer/stored-answer.ts'

/**
 * The place in an answer that a caller names. Inside a surrogate pair, it is the place before the pair.
 * @throws ApiError `invalid-request` the place is behind the end
 */
export function forkPlace(answer: StoredAnswer, at: ForkPlace): number {
  const length = answerLength(answer)
  if (at === END_CURSOR) return length
  if (typeof at === 'string' && !at.startsWith('f')) {
    const place = placeOfText(answer, Number(at))
    if (place === undefined) refuse(`the text of the answer, which has ${answer.result.length} UTF-16 code units`)
    return wholePlace(answer, place)
  }
  const place = typeof at === 'number' ? at : Number(at.slice(1))
  if (place > length) refuse(`the answer, which has ${length} places`)
  return wholePlace(answer, place)
}

function refuse(what: string): never {
  const fault = { path: 'at', message: `Is behind the end of ${what}` }
  throw new ApiError('invalid-request', `${fault.path}: ${fault.message}.`, { faults: [fault] })
}
