import type { Piece } from '../../src/jobs/answer/piece.ts'
import type { JobOutcome, StoredFinalJob } from '../../src/jobs/job.ts'
import { answerOf } from './random-answer.ts'

const METRICS = { durationMs: 1, tokenCount: 1, ttftMs: 1, queuedMs: 0, attempts: 1 }

type Fields = Partial<Omit<StoredFinalJob, 'status' | 'error'>>

/** A job that gave an answer of these pieces. */
export function endedJob(
  pieces: readonly Piece[],
  fields: Fields = {},
  outcome: JobOutcome = { status: 'completed' },
): StoredFinalJob {
  const { result, parts, tape } = answerOf(pieces).answer.stored
  return {
    id: '0198f2c4-5a6b-7c8d-9e0f-112233445566',
    prompt: 'Go',
    provider: 'openai',
    model: 'gpt-5',
    result,
    ...(parts && { parts: [...parts] }),
    ...(tape !== undefined && { tape }),
    metrics: METRICS,
    createdAt: '2026-01-02T03:04:05.678Z',
    updatedAt: '2026-01-02T03:04:06.789Z',
    ...fields,
    ...outcome,
  }
}
