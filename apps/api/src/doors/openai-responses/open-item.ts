import type { AnswerPart } from './answer-part.ts'
import { deltaHead } from './event-frame.ts'
import { begunItem, type ItemContext, type ItemStatus, itemId, messageContent, outputItem } from './output-item.ts'

/** What is known of a part when it begins. */
type BegunPart = Pick<AnswerPart, 'index' | 'type' | 'name'>

/** An event without its number. */
export interface ItemEvent {
  readonly type: string
  readonly fields: object
}

/** What the events of a kind of item are called. */
interface ItemWords {
  readonly delta: string
  /** The fields that say where in the item a text is. */
  readonly index: object
  /** The fields that each delta has. */
  readonly extra: object
  /** The events that open and close the text of the item. */
  readonly partAdded?: string
  readonly partDone?: string
}

const MESSAGE = { partAdded: 'response.content_part.added', partDone: 'response.content_part.done' }
const WORDS: Readonly<Record<AnswerPart['type'], ItemWords>> = {
  text: { delta: 'response.output_text', index: { content_index: 0 }, extra: { logprobs: [] }, ...MESSAGE },
  refusal: { delta: 'response.refusal', index: { content_index: 0 }, extra: {}, ...MESSAGE },
  reasoning: {
    delta: 'response.reasoning_summary_text',
    index: { summary_index: 0 },
    extra: {},
    partAdded: 'response.reasoning_summary_part.added',
    partDone: 'response.reasoning_summary_part.done',
  },
  'tool-call': { delta: 'response.function_call_arguments', index: {}, extra: {} },
}

/** The item of the part whose pieces come: the events around its deltas. */
export class OpenItem {
  readonly part: number
  /** What each delta begins with. */
  readonly deltaHead: string
  readonly #words: ItemWords
  readonly #place: { readonly item_id: string; readonly output_index: number }
  readonly #begun: BegunPart
  readonly #context: ItemContext

  /** @param outputIndex counts only parts that are items */
  constructor(part: BegunPart, outputIndex: number, context: ItemContext) {
    this.part = part.index
    this.#begun = part
    this.#context = context
    this.#words = WORDS[part.type]
    this.#place = { item_id: itemId(context.jobId, part), output_index: outputIndex }
    this.deltaHead = deltaHead(`${this.#words.delta}.delta`, {
      ...this.#place,
      ...this.#words.index,
      ...this.#words.extra,
    })
  }

  /** The events before the first delta. */
  opening(): ItemEvent[] {
    const { partAdded } = this.#words
    const added = itemAdded(this.#begun, this.#place.output_index, this.#context)
    return partAdded === undefined ? [added] : [added, this.#event(partAdded, { part: this.#content('') })]
  }

  /** The events behind the last delta. */
  closing(part: AnswerPart, status: ItemStatus): ItemEvent[] {
    const { partDone } = this.#words
    const done = this.#event(`${this.#words.delta}.done`, this.#doneFields(part.text))
    const item = itemDone(part, status, this.#place.output_index, this.#context)
    return partDone === undefined
      ? [done, item]
      : [done, this.#event(partDone, { part: this.#content(part.text) }), item]
  }

  #event(type: string, fields: object): ItemEvent {
    return { type, fields: { ...this.#place, ...this.#words.index, ...fields } }
  }

  #content(text: string): object {
    const { type } = this.#begun
    return type === 'reasoning' ? { type: 'summary_text', text } : messageContent(type, text)
  }

  #doneFields(text: string): object {
    const { type, name } = this.#begun
    if (type === 'tool-call') return { name, arguments: text }
    return type === 'refusal' ? { refusal: text } : { text, ...this.#words.extra }
  }
}

/** The events of an item without text: reasoning that only has what its vendor wants back. */
export function textlessItem(part: AnswerPart, outputIndex: number, context: ItemContext): ItemEvent[] {
  return [itemAdded(part, outputIndex, context), itemDone(part, 'completed', outputIndex, context)]
}

function itemAdded(part: BegunPart, outputIndex: number, { jobId }: ItemContext): ItemEvent {
  const { index, type, name } = part
  return {
    type: 'response.output_item.added',
    fields: { output_index: outputIndex, item: begunItem({ index, type, name }, jobId) },
  }
}

function itemDone(part: AnswerPart, status: ItemStatus, outputIndex: number, context: ItemContext): ItemEvent {
  return {
    type: 'response.output_item.done',
    fields: { output_index: outputIndex, item: outputItem(part, status, context) },
  }
}
