import { tapedPieces } from '../answer/recorded-pieces.ts'
import { finalEvent } from '../final-event.ts'
import { type View, withoutPrefix } from './view.ts'

/** Everything that the model said. A cursor is a place in the answer. */
export const FULL_VIEW: View = {
  name: 'full',
  addEvents(events, { kind, part, text, end }) {
    const id = `f${end}` as const
    const { callId, name } = part
    switch (kind) {
      case 'text':
        events.push({ event: 'token', id, data: { token: text } })
        break
      case 'reasoning':
      case 'refusal':
        events.push({ event: kind, id, data: { token: text } })
        break
      case 'tool-call':
        events.push({ event: kind, id, data: { callId, name } })
        break
      case 'tool-arguments':
        events.push({ event: kind, id, data: { callId, token: text } })
        break
      case 'tool-call-end':
        events.push({ event: kind, id, data: { callId, name, arguments: part.text() } })
    }
  },
  endOf: ({ end }) => end,
  lengthOf: ({ length }) => length,
  placeOf: (_answer, cursor) => cursor,
  behind(piece, cursor) {
    if (piece.end <= cursor) return undefined
    return withoutPrefix(piece, cursor - (piece.end - piece.text.length))
  },
  finalEvent: (event) => event,
  endOfRecord: finalEvent,
  *replay(answer, cursor) {
    for (const { piece } of tapedPieces(answer, cursor)) {
      const rest = this.behind(piece, cursor)
      if (rest) yield rest
    }
  },
}
