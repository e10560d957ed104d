import type { Fallback } from '@promptlab/contract'
import { oneLineJson } from '../../http/streams/one-line-json.ts'
import { PING_FRAME } from '../../http/streams/sse.ts'
import type { LogPiece } from '../../jobs/answer/log-piece.ts'
import { answererOf } from '../../jobs/answerer.ts'
import type { StoredFinalJob, StoredJob } from '../../jobs/job.ts'
import type { DoorEncoder } from '../door-encoder.ts'
import { JobEndedError } from '../door-error.ts'
import { doorId, partId } from '../door-ids.ts'
import { openAiErrorOf } from '../openai-error.ts'
import { chatUsageOf, createdSecondsOf, finishReasonOf, modelNameOf, NO_ARGUMENTS } from './chat-end.ts'

export type ChatStreamJob = Pick<StoredJob, 'id' | 'createdAt' | 'provider' | 'model' | 'door'>

/**
 * The chunks of a chat completion. This API has no cursor, so a stream begins at the start of the answer. A job that failed or
 * was cancelled ends with an error and without `[DONE]`, so that no client takes its answer for a whole one.
 */
export class ChatEncoder implements DoorEncoder {
  readonly keepAlive = PING_FRAME
  readonly #job: ChatStreamJob
  readonly #hasUsageChunk: boolean
  /** A chunk up to its choices. */
  #head = ''
  /** A chunk up to the fields of its delta. */
  #delta = ''
  /** A chunk behind the fields of its delta. */
  readonly #tail: string
  /** The number of calls so far. */
  #callCount = 0

  constructor(job: ChatStreamJob, hasUsageChunk: boolean) {
    this.#job = job
    this.#hasUsageChunk = hasUsageChunk
    this.#beginChunks(modelNameOf(job))
    // All chunks but the last have null for the usage, if it is asked for.
    this.#tail = `},"finish_reason":null}]${hasUsageChunk ? ',"usage":null' : ''}}\n\n`
  }

  #beginChunks(modelName: string): void {
    const id = oneLineJson(doorId('chatcmpl-', this.#job.id))
    const model = oneLineJson(modelName)
    const created = createdSecondsOf(this.#job)
    this.#head = `data: {"id":${id},"object":"chat.completion.chunk","created":${created},"model":${model},"choices":`
    this.#delta = `${this.#head}[{"index":0,"delta":{`
  }

  opening(): string {
    return `${this.#delta}"role":"assistant","content":""${this.#tail}`
  }

  /** The chunks from here on name the model that answers. */
  answeredBy({ provider, model }: Fallback): void {
    const isAsked = provider === this.#job.provider && model === this.#job.model
    if (!isAsked) this.#beginChunks(modelNameOf(this.#job, { provider, model }))
  }

  piece({ kind, part, text }: LogPiece): string {
    switch (kind) {
      case 'text':
        return `${this.#delta}"content":${oneLineJson(text)}${this.#tail}`
      case 'reasoning': {
        const json = oneLineJson(text)
        // Clients read the one name or the other.
        return `${this.#delta}"reasoning_content":${json},"reasoning":${json}${this.#tail}`
      }
      case 'refusal':
        return `${this.#delta}"refusal":${oneLineJson(text)}${this.#tail}`
      case 'tool-call': {
        const id = oneLineJson(partId('call_', this.#job.id, part.index))
        const called = `{"name":${oneLineJson(part.name)},"arguments":""}`
        const index = this.#callCount++
        return `${this.#delta}"tool_calls":[{"index":${index},"id":${id},"type":"function","function":${called}}]${this.#tail}`
      }
      case 'tool-arguments':
        return this.#arguments(text)
      case 'tool-call-end':
        return part.text() === '' ? this.#arguments(NO_ARGUMENTS) : ''
    }
  }

  end(job: StoredFinalJob): string {
    const failure = JobEndedError.of(job)
    if (failure) return `data: ${oneLineJson({ error: openAiErrorOf(failure) })}\n\n`
    // A fallback that said nothing is known only now.
    this.answeredBy(answererOf(job))
    const usage = this.#hasUsageChunk ? chatUsageOf(job) : undefined
    const noUsage = this.#hasUsageChunk ? ',"usage":null' : ''
    const finish = `${this.#head}[{"index":0,"delta":{},"finish_reason":"${finishReasonOf(job)}"}]${noUsage}}\n\n`
    // Clients read the usage of a chunk without choices, so there is none if nobody knows it.
    const last = usage ? `${this.#head}[],"usage":${oneLineJson(usage)}}\n\n` : ''
    return `${finish}${last}data: [DONE]\n\n`
  }

  #arguments(text: string): string {
    const index = this.#callCount - 1
    return `${this.#delta}"tool_calls":[{"index":${index},"function":{"arguments":${oneLineJson(text)}}}]${this.#tail}`
  }
}
