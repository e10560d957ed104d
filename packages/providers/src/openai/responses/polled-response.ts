import { setTimeout as sleep } from 'node:timers/promises'
import type { StreamEvent } from '../../http/event-reader.ts'
import { valueAt } from '../../value-at.ts'

/** Says that the vendor is alive, and nothing else. */
const ALIVE: StreamEvent = { event: undefined, data: '' }
/** The states of a response that is not over. */
const UNDER_WAY: ReadonlySet<unknown> = new Set(['queued', 'in_progress'])

/**
 * The events of a response that is asked for again and again until it is over: none but signs of life while it is under way, then
 * all of them. They say the same as those of a stream, with each text in one piece.
 * @param ask gets the response as it is now
 * @param pauseMs between two questions
 */
export async function* polledResponse(
  ask: () => Promise<unknown>,
  pauseMs: number,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent, undefined> {
  for (;;) {
    const response = await ask()
    if (!UNDER_WAY.has(valueAt(response, 'status'))) {
      yield* eventsOf(response)
      return
    }
    yield ALIVE
    await sleep(pauseMs, undefined, { signal })
  }
}

function* eventsOf(response: unknown): Generator<StreamEvent> {
  for (const [output_index, item] of arrayAt(response, 'output').entries()) {
    yield event('response.output_item.added', { output_index, item: withoutArguments(item) })
    for (const [type, fields] of textsOf(item)) yield event(type, { output_index, ...fields })
    yield event('response.output_item.done', { output_index, item })
  }
  // Whether it was completed, cut or failed, its status says.
  yield event('response.completed', { response })
}

/** The events with the whole texts of an item. */
function textsOf(item: unknown): (readonly [type: string, fields: object])[] {
  const content = arrayAt(item, 'content').entries()
  switch (valueAt(item, 'type')) {
    case 'message':
      return [...content].map(([content_index, part]) =>
        valueAt(part, 'type') === 'refusal'
          ? ['response.refusal.done', { content_index, refusal: valueAt(part, 'refusal') }]
          : ['response.output_text.done', { content_index, text: valueAt(part, 'text') }],
      )
    case 'reasoning':
      return [
        ...[...arrayAt(item, 'summary').entries()].flatMap(([summary_index, part]) => [
          ['response.reasoning_summary_part.added', { summary_index }] as const,
          ['response.reasoning_summary_text.done', { summary_index, text: valueAt(part, 'text') }] as const,
        ]),
        ...[...content].map(
          ([content_index, part]) =>
            ['response.reasoning_text.done', { content_index, text: valueAt(part, 'text') }] as const,
        ),
      ]
    default:
      return []
  }
}

/** As an item begins in a stream. */
function withoutArguments(item: unknown): unknown {
  return typeof item === 'object' && item !== null && 'arguments' in item ? { ...item, arguments: '' } : item
}

function arrayAt(value: unknown, field: string): readonly unknown[] {
  const array = valueAt(value, field)
  return Array.isArray(array) ? array : []
}

function event(type: string, fields: object): StreamEvent {
  return { event: type, data: JSON.stringify({ type, ...fields }) }
}
