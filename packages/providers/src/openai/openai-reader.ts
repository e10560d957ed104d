import type { StreamEvent } from '../http/event-reader.ts'
import type { ChunkReading } from '../vendor-call.ts'
import { TemplateReader } from './chunk-template.ts'
import { type OpenAIReading, readOpenAIEvent } from './openai-chunk.ts'

/** Reads the events of one answer. */
export class OpenAIReader {
  readonly #template = new TemplateReader((event) => this.#readWhole(event))
  /** Whether the server has said in its last reason that the answer is not complete. */
  #isUnfinished = false
  #hasContent = false

  read(event: StreamEvent): ChunkReading {
    return this.#template.read(event)
  }

  #readWhole(event: StreamEvent): ChunkReading {
    const { isUnfinished, isWhole, ...reading }: OpenAIReading = readOpenAIEvent(event)
    if (isUnfinished || reading.finishReason) this.#isUnfinished = isUnfinished ?? false
    if (reading.isEnd && this.#isUnfinished) return {}
    // Some servers send the whole answer again behind its pieces.
    if (isWhole && this.#hasContent) return { ...reading, text: undefined, reasoning: undefined, pieces: undefined }
    if (reading.text || reading.pieces) this.#hasContent = true
    return reading
  }
}
