import type { AskedAnswerPart, AskedMessage } from '../../jobs/input/asked-job.ts'
import type { MessageOrigin, PartOrigin } from './part-origin.ts'

type ToolResult = Extract<AskedMessage, { role: 'tool' }>['content'][number]

/** Messages in the making, and where each comes from. */
export class ConversationBuilder {
  readonly messages: AskedMessage[] = []
  readonly origins: MessageOrigin[] = []
  /** The parts of the last message, if more of its kind may be added. */
  #answer: AskedAnswerPart[] | undefined
  #results: ToolResult[] | undefined
  #parts: PartOrigin[] = []

  /** A message by itself. */
  add(message: AskedMessage, origin: MessageOrigin): void {
    this.messages.push(message)
    this.origins.push(origin)
    this.#answer = undefined
    this.#results = undefined
  }

  /** Items of an answer that follow each other are one message, because a job holds an answer as one. */
  addAnswer(part: AskedAnswerPart, origin: PartOrigin): void {
    if (!this.#answer) {
      const content: AskedAnswerPart[] = []
      this.#begin({ role: 'assistant', content }, origin)
      this.#answer = content
    }
    this.#answer.push(part)
    this.#parts.push(origin)
  }

  addResult(result: ToolResult, origin: PartOrigin): void {
    if (!this.#results) {
      const content: ToolResult[] = []
      this.#begin({ role: 'tool', content }, origin)
      this.#results = content
    }
    this.#results.push(result)
    this.#parts.push(origin)
  }

  #begin(message: AskedMessage, { at }: PartOrigin): void {
    this.#parts = []
    this.add(message, { at, parts: this.#parts })
  }
}
