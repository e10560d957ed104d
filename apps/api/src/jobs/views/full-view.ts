import { finalEvent } from '../final-event.ts'
import { BY_PLACE } from './by-place.ts'
import type { View } from './view.ts'

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
  ...BY_PLACE,
  finalEvent: (event) => event,
  endOfRecord: finalEvent,
}
