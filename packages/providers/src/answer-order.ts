import { randomBytes } from 'node:crypto'
import { GrowingJson } from './growing-json.ts'
import type { CompletionPiece } from './llm-provider.ts'
import type { JsonValue } from './message.ts'
import { VendorFailed } from './vendor-failure.ts'

/** A stretch of text of some kind, as an object. */
type TextPiece = Extract<CompletionPiece, { readonly text: string; readonly type: 'text' | 'reasoning' | 'refusal' }>

/**
 * A stretch of a tool call, as vendors send it. The stretches of one call have the same `index`, or the same `id`. If a
 * vendor sends neither, a stretch without a name belongs to the call before it.
 */
export interface ToolCallDelta {
  readonly type: 'tool-call-delta'
  readonly index?: number | undefined
  readonly id?: string | undefined
  readonly name?: string | undefined
  /** A stretch of JSON text. */
  readonly arguments?: string | undefined
  /** Whether the vendor says that nothing more of this call follows. */
  readonly isComplete?: boolean | undefined
  readonly carry?: JsonValue | undefined
}

/** A piece of an answer in the order of the vendor, which may send several tool calls at the same time. */
export type VendorPiece = TextPiece | ToolCallDelta

/** More than this is not held back. The limit keeps a vendor from filling our memory. */
const MAX_HELD_CHARS = 16 * 1024 * 1024
/** What a piece takes beside its text, in characters. */
const PIECE_CHARS = 128
/** The most tool calls of an answer. Each piece of a call is compared with those before it. */
const MAX_CALLS = 1_000

interface Call {
  readonly index: number | undefined
  readonly id: string | undefined
  name: string | undefined
  readonly arguments: GrowingJson
  isComplete: boolean
  carry: JsonValue | undefined
}

/**
 * Puts the pieces of one answer into the order that `LLMProvider` promises: nothing comes between the opening, the
 * arguments and the end of a tool call. What a vendor sends in between is held back until the call is complete: until
 * its arguments are JSON, or the answer ends.
 */
export class AnswerOrder {
  readonly #calls: Call[] = []
  readonly #usedIds = new Set<string>()
  /** The call whose opening was given out, and whose end was not. */
  #open: Call | undefined
  readonly #held: (TextPiece | Call)[] = []
  #heldChars = 0

  /** Whether a call has begun. */
  get hasCalls(): boolean {
    return this.#usedIds.size > 0
  }

  /** Whether a piece of text cannot be given out without `add`. */
  get isBusy(): boolean {
    return this.#open !== undefined || this.#held.length > 0
  }

  /**
   * Takes the next piece of the vendor, and appends the pieces whose turn it is to `out`.
   * @throws VendorFailed the vendor goes on without end inside a call, or with calls
   */
  add(piece: VendorPiece, out: CompletionPiece[]): void {
    if (piece.type === 'tool-call-delta') this.#addCall(piece, out)
    else this.#held.push(piece)
    this.#giveOut(out)
    this.#heldChars = this.#held.length === 0 ? 0 : this.#heldChars + PIECE_CHARS + charsOf(piece)
    if (this.#heldChars > MAX_HELD_CHARS) throw new VendorFailed(ENDLESS_CALL)
  }

  /**
   * Ends the answer: appends to `out` what was held back, and the end of each call.
   * @param isCut whether the answer was cut: then a call whose arguments are not JSON stays open, because it must not
   * look complete, and nothing can follow it
   * @throws VendorFailed a call has no name
   */
  end(isCut: boolean, out: CompletionPiece[]): void {
    while (this.isBusy) {
      if (this.#open) {
        if (isCut && !this.#open.arguments.isWhole) return
        this.#end(this.#open, out)
      } else {
        const [head] = this.#held.splice(0, 1)
        if (head && 'arguments' in head && head.arguments.text !== '') throw new VendorFailed(NAMELESS_CALL)
      }
      this.#giveOut(out)
    }
  }

  #addCall(delta: ToolCallDelta, out: CompletionPiece[]): void {
    const known = this.#find(delta)
    const call = known ?? this.#start(delta)
    const text = known && isRepeated(known, delta) ? '' : (delta.arguments ?? '')
    call.name ??= delta.name || undefined
    call.arguments.add(text)
    call.isComplete ||= delta.isComplete ?? false
    call.carry ??= delta.carry
    if (call === this.#open && text) out.push({ type: 'tool-arguments', text })
  }

  #start({ index, id }: ToolCallDelta): Call {
    if (this.#calls.length === MAX_CALLS) throw new VendorFailed(ENDLESS_CALLS)
    const call: Call = {
      index,
      id: id || undefined,
      name: undefined,
      arguments: new GrowingJson(),
      isComplete: false,
      carry: undefined,
    }
    this.#calls.push(call)
    this.#held.push(call)
    return call
  }

  /** The call that the stretch belongs to. Undefined if it begins a call. */
  #find(delta: ToolCallDelta): Call | undefined {
    const { index, id, name } = delta
    const call =
      index !== undefined
        ? this.#calls.findLast((call) => call.index === index)
        : (this.#calls.findLast((call) => id && call.id === id) ?? (id && name ? undefined : this.#calls.at(-1)))
    // Some servers give every call the index 0, or leave out indexes and ids.
    return call && name && isAnother(call, delta) ? undefined : call
  }

  #giveOut(out: CompletionPiece[]): void {
    let given = 0
    for (;;) {
      const head = this.#held[given]
      if (this.#open && !(this.#open.isComplete || (head && this.#open.arguments.isWhole))) break
      if (this.#open) this.#end(this.#open, out)
      if (head === undefined || !this.#giveOutHead(head, out)) break
      given++
    }
    if (given > 0) this.#held.splice(0, given)
  }

  /** @returns false if the piece has to wait: a call cannot begin without its name */
  #giveOutHead(head: TextPiece | Call, out: CompletionPiece[]): boolean {
    if (!('arguments' in head)) out.push(head.type === 'text' && head.carry === undefined ? head.text : head)
    else if (head.name) this.#begin(head, head.name, out)
    else return false
    return true
  }

  #begin(call: Call, name: string, out: CompletionPiece[]): void {
    this.#open = call
    out.push({ type: 'tool-call', callId: this.#unusedId(call.id), name })
    const { text } = call.arguments
    if (text) out.push({ type: 'tool-arguments', text })
  }

  #end({ carry }: Call, out: CompletionPiece[]): void {
    this.#open = undefined
    out.push(carry === undefined ? { type: 'tool-call-end' } : { type: 'tool-call-end', carry })
  }

  /** The vendor's id, or a new one if the vendor gave none, or gave it to an earlier call of this answer. */
  #unusedId(id: string | undefined): string {
    const unused = id && !this.#usedIds.has(id) ? id : `call_${randomBytes(12).toString('hex')}`
    this.#usedIds.add(unused)
    return unused
  }
}

/** Whether the id of a call is one that was made here, because the vendor gave none. */
export function isOwnCallId(callId: string): boolean {
  return /^call_[0-9a-f]{24}$/.test(callId)
}

const ENDLESS_CALL = {
  code: 'provider-malformed',
  what: 'did not end a tool call, but sent more than is kept',
} as const
const ENDLESS_CALLS = {
  code: 'provider-malformed',
  what: `sent more than ${MAX_CALLS} tool calls in one answer`,
} as const
const NAMELESS_CALL = { code: 'provider-malformed', what: 'sent a tool call without a name' } as const

/** Whether a stretch with a name begins another call than the one that has its index, or than the call before it. */
function isAnother(call: Call, { index, id, name, arguments: text }: ToolCallDelta): boolean {
  if (call.name === undefined) return false
  if (id && call.id) return id !== call.id
  const canBeAnother = index === undefined || !call.id
  return name !== call.name || Boolean(text && canBeAnother && call.arguments.isWhole)
}

/** Whether a stretch is the whole call once more: some servers send it again at the end. */
function isRepeated(call: Call, { name, arguments: text }: ToolCallDelta): boolean {
  return Boolean(name && text) && text === call.arguments.text && call.arguments.isWhole
}

function charsOf(piece: VendorPiece): number {
  if (piece.type !== 'tool-call-delta') return piece.text.length
  const { id = '', name = '', arguments: text = '' } = piece
  return id.length + name.length + text.length
}
