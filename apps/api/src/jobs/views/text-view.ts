import type { FinalEvent, JobMetrics } from '@promptlab/contract'
import { blocksOfText } from '../answer/recorded-pieces.ts'
import { partLength, partsOf } from '../answer/stored-answer.ts'
import { finalEvent } from '../final-event.ts'
import { type View, withoutPrefix } from './view.ts'

/** The text, and nothing else that the model said. A cursor is a length of text, in UTF-16 code units. */
export const TEXT_VIEW: View = {
  name: 'text',
  addEvents(events, { kind, text, textEnd }) {
    if (kind === 'text') events.push({ event: 'token', id: textEnd, data: { token: text } })
  },
  endOf: ({ textEnd }) => textEnd,
  lengthOf: ({ textLength }) => textLength,
  placeOf(answer, cursor) {
    let place = 0
    let textLength = 0
    for (const part of partsOf(answer)) {
      const length = partLength(part)
      if (part.type === 'text') {
        if (textLength + length > cursor) return place + cursor - textLength
        textLength += length
      }
      place += length
    }
    return place
  },
  behind(piece, cursor) {
    if (piece.textEnd <= cursor) return undefined
    return withoutPrefix(piece, cursor - (piece.textEnd - piece.text.length))
  },
  finalEvent: withoutCost,
  endOfRecord: (job) => withoutCost(finalEvent(job)),
  replay: ({ result }, cursor) => blocksOfText(result, cursor),
}

/** Clients of the first versions read this view, so its last event has the fields that they know. */
function withoutCost(event: FinalEvent): FinalEvent {
  if (event.event === 'error') {
    const { retryAfterMs: _, metrics, ...error } = event.data
    return { ...event, data: { ...error, metrics: firstMetrics(metrics) } }
  }
  return { ...event, data: firstMetrics(event.data) }
}

function firstMetrics({ cost: _cost, calls: _calls, answeredBy: _answeredBy, ...metrics }: JobMetrics): JobMetrics {
  return metrics
}
