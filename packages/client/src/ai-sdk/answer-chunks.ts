import type { UIMessage, UIMessageChunk } from 'ai'
import { JobCancelledError, JobFailedError } from '../errors.ts'
import type { FinishReason } from '../job.ts'
import type { JobStream } from '../job-stream.ts'
import { completedMetadata, failedMetadata, startMetadata } from './answer-metadata.ts'
import { earlierChunks } from './earlier-chunks.ts'
import { PartChunks } from './part-chunks.ts'

export interface Answer {
  readonly jobId: string
  /** The id of the message that the answer is in. */
  readonly messageId: string
  /** The parts of the message that came before this job: calls of tools and their results. */
  readonly earlier: readonly UIMessage['parts'][number][]
}

/**
 * The answer of a job as chunks of a message. A failed job ends with `error`, a cancelled one with `abort`; neither ends its open
 * part, so a truncated text never looks finished.
 * @throws ApiError, ConnectionError the stream broke for good
 */
export async function* answerChunks(
  { jobId, messageId, earlier }: Answer,
  stream: JobStream,
): AsyncGenerator<UIMessageChunk, void> {
  yield { type: 'start', messageId, messageMetadata: startMetadata(jobId) }
  yield* earlierChunks(earlier)
  yield { type: 'start-step' }
  const parts = new PartChunks()
  try {
    for await (const piece of stream.parts()) yield* parts.of(piece)
  } catch (error) {
    if (error instanceof JobFailedError) {
      yield { type: 'message-metadata', messageMetadata: failedMetadata(error) }
      return yield { type: 'error', errorText: error.message }
    }
    if (error instanceof JobCancelledError) {
      // Without this finish reason, useChat would send the results of tools although the answer was stopped.
      yield { type: 'finish', finishReason: 'interrupted', messageMetadata: failedMetadata(error) }
      return yield { type: 'abort', reason: error.message }
    }
    throw error
  }
  yield* parts.end()
  yield { type: 'finish-step' }
  const finishReason = stream.metrics?.finishReason
  yield {
    type: 'finish',
    ...(finishReason && { finishReason: FINISH_REASONS[finishReason] }),
    messageMetadata: completedMetadata(jobId, stream.metrics),
  }
}

/** The AI SDK counts a refusal as filtered content. */
const FINISH_REASONS = {
  stop: 'stop',
  length: 'length',
  'content-filter': 'content-filter',
  refusal: 'content-filter',
  'tool-calls': 'tool-calls',
  other: 'other',
} as const satisfies Record<FinishReason, string>
