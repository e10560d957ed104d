import type { Fallback } from '@promptlab/contract'
import { oneLineJson } from '../../http/streams/one-line-json.ts'
import type { LogPart, LogPiece } from '../../jobs/answer/log-piece.ts'
import { partsOf } from '../../jobs/answer/stored-answer.ts'
import { answererOf } from '../../jobs/answerer.ts'
import type { StoredFinalJob, StoredJob } from '../../jobs/job.ts'
import type { DoorEncoder } from '../door-encoder.ts'
import { JobEndedError } from '../door-error.ts'
import { openingToolUse, signatureOf } from './answer-blocks.ts'
import { anthropicErrorBody } from './anthropic-error.ts'
import { messageEnd, messageUsage } from './message-end.ts'
import { openingMessage } from './message-object.ts'

/** The keep-alive of the Messages API. */
const PING = 'event: ping\ndata: {"type":"ping"}\n\n'

/** A part, as far as its block needs it. */
type BlockPart = Pick<LogPart, 'index' | 'type' | 'carry'>

/** Behind the text of a delta. */
const DELTA_END = '}}\n\n'

/**
 * Writes the stream of a message, always from its beginning: the API has no cursors. Blocks are those of `answerBlocks`, so a
 * client that puts the stream together has the message that `messageObject` makes. A block of a failed job is not closed.
 */
export class MessageEncoder implements DoorEncoder {
  readonly keepAlive = PING
  readonly #job: Pick<StoredJob, 'id' | 'provider' | 'model' | 'door'>
  readonly #requestId: string | undefined
  /** Whose answer it is, as far as it is known. */
  #provider: string
  /** The part of the block that is open. */
  #open: LogPart | undefined
  /** The number of blocks so far. */
  #blocks = 0
  /** Before the text of a delta of the open block. */
  #deltaStart = ''

  /** @param requestId the request whose answer the stream is */
  constructor(job: Pick<StoredJob, 'id' | 'provider' | 'model' | 'door'>, requestId?: string) {
    this.#job = job
    this.#provider = job.provider
    this.#requestId = requestId
  }

  opening(): string {
    return eventText({ type: 'message_start', message: openingMessage(this.#job) })
  }

  answeredBy({ provider }: Fallback): void {
    this.#provider = provider
  }

  piece({ part, text }: LogPiece): string {
    // A part of the log may be another object in each piece.
    const begun = part.index === this.#open?.index ? '' : this.#begin(part)
    this.#open = part
    // The opening and the closing of a call have no text. The beginning of a block says all of the opening.
    return text === '' ? begun : `${begun}${this.#deltaStart}${oneLineJson(text)}${DELTA_END}`
  }

  end(job: StoredFinalJob): string {
    const failure = JobEndedError.of(job)
    if (failure) return eventText(anthropicErrorBody(failure, this.#requestId))
    this.answeredBy(answererOf(job))
    const parts = partsOf(job).map(({ type, carry }, index) => ({ type, carry, index }))
    const closed = this.#closeBefore(parts.slice(this.#open?.index ?? 0))
    const { input_tokens, output_tokens, ...usage } = messageUsage(job)
    const delta = { ...messageEnd(job), container: null }
    return (
      closed +
      eventText({
        type: 'message_delta',
        delta,
        usage: { input_tokens, ...usage, output_tokens, server_tool_use: null },
      }) +
      eventText({ type: 'message_stop' })
    )
  }

  /** Closes what is open, and opens the block of a part. */
  #begin(part: LogPart): string {
    const before: BlockPart[] = []
    for (let at = part.previous; at && at.index >= (this.#open?.index ?? 0); at = at.previous) before.unshift(at)
    const closed = this.#closeBefore(before)
    const index = this.#blocks
    const [field, delta] = DELTAS[part.type]
    this.#deltaStart = `event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},"delta":{"type":"${delta}","${field}":`
    return closed + this.#start(this.#openingBlock(part))
  }

  /**
   * Closes the open block, and writes the blocks of reasoning without text behind it.
   * @param parts the part of the open block, and the parts without length behind it
   */
  #closeBefore(parts: readonly BlockPart[]): string {
    let written = ''
    for (const { index, type, carry } of parts) {
      const isOpen = index === this.#open?.index
      const signature = type === 'reasoning' ? signatureOf(carry, this.#provider) : ''
      if (!isOpen && signature === '') continue
      if (!isOpen) written += this.#start({ type: 'thinking', thinking: '', signature: '' })
      written += this.#stop(signature)
    }
    return written
  }

  #openingBlock({ type, index, name }: LogPart): object {
    switch (type) {
      case 'text':
      case 'refusal':
        return { type: 'text', text: '', citations: null }
      case 'reasoning':
        return { type: 'thinking', thinking: '', signature: '' }
      case 'tool-call':
        return openingToolUse(this.#job.id, index, name)
    }
  }

  #start(block: object): string {
    return eventText({ type: 'content_block_start', index: this.#blocks++, content_block: block })
  }

  #stop(signature: string): string {
    const index = this.#blocks - 1
    const signed =
      signature && eventText({ type: 'content_block_delta', index, delta: { type: 'signature_delta', signature } })
    return signed + eventText({ type: 'content_block_stop', index })
  }
}

/** The field of a delta that has its text, and the type of the delta, for each type of part. */
const DELTAS: Readonly<Record<LogPart['type'], readonly [field: string, type: string]>> = {
  text: ['text', 'text_delta'],
  refusal: ['text', 'text_delta'],
  reasoning: ['thinking', 'thinking_delta'],
  'tool-call': ['partial_json', 'input_json_delta'],
}

/** An event. Its name is its type. */
function eventText(event: { readonly type: string; readonly [field: string]: unknown }): string {
  return `event: ${event.type}\ndata: ${oneLineJson(event)}\n\n`
}
