import type { UIMessageChunk } from 'ai'
import type { Piece } from '../answer.ts'

/** What a page and the model are told of a call that cannot be run. */
export const NOT_JSON = 'The arguments of this call are not JSON.'

/** Turns the pieces of an answer into chunks, which open and close each part. */
export class PartChunks {
  #count = 0
  #open: { readonly type: 'text' | 'reasoning' | 'refusal'; readonly id: string } | undefined;

  *of(piece: Piece): Generator<UIMessageChunk, void> {
    switch (piece.type) {
      case 'text':
      case 'reasoning':
      // useChat knows no refusals. The finish reason says that the text is one.
      case 'refusal':
        return yield* this.#delta(piece.type, piece.text)
      case 'tool-call':
        yield* this.end()
        return yield { type: 'tool-input-start', toolCallId: piece.callId, toolName: piece.name }
      case 'tool-arguments':
        return yield { type: 'tool-input-delta', toolCallId: piece.callId, inputTextDelta: piece.text }
      case 'tool-call-end':
        return yield toolInput(piece)
    }
  }

  /** Closes the part that is open. The call of a tool that was cut off stays open, so that nobody runs it. */
  *end(): Generator<UIMessageChunk, void> {
    if (this.#open) yield { type: this.#open.type === 'reasoning' ? 'reasoning-end' : 'text-end', id: this.#open.id }
    this.#open = undefined
  }

  *#delta(type: 'text' | 'reasoning' | 'refusal', delta: string): Generator<UIMessageChunk, void> {
    const name = type === 'reasoning' ? 'reasoning' : 'text'
    if (this.#open?.type !== type) {
      yield* this.end()
      this.#open = { type, id: `${type}-${this.#count++}` }
      yield { type: `${name}-start`, id: this.#open.id }
    }
    yield { type: `${name}-delta`, id: this.#open.id, delta }
  }
}

function toolInput({ callId, name, arguments: text }: Extract<Piece, { type: 'tool-call-end' }>): UIMessageChunk {
  const call = { toolCallId: callId, toolName: name }
  const parsed = parsedArguments(text)
  if (parsed) return { type: 'tool-input-available', ...call, input: parsed.input }
  return { type: 'tool-input-error', ...call, input: text, errorText: NOT_JSON }
}

/** The value of the arguments of a call; undefined if they are not JSON. Vendors send an empty text where there are none. */
export function parsedArguments(text: string): { input: unknown } | undefined {
  try {
    return { input: text.trim() === '' ? {} : JSON.parse(text) }
  } catch {
    return undefined
  }
}
