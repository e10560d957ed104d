import type { FinishReason, JobMetrics, JobStatus } from '@promptlab/client'
import type { AnswerPart } from '@promptlab/react'

/** How a job that completed has ended, in words. */
interface Outcome {
  readonly word: string
  /** The colour: of an answer that is whole, of one that is not, and of one that was withheld. */
  readonly tone: 'whole' | 'partial' | 'withheld'
  /** What happened and what to do. Undefined: the word says all. */
  readonly sentence?: string
}

const WHOLE: Outcome = { word: 'Completed', tone: 'whole' }

const OUTCOMES: Readonly<Record<FinishReason, Outcome>> = {
  stop: WHOLE,
  length: {
    word: 'Cut off',
    tone: 'partial',
    sentence: 'The answer was cut off at the token limit. Raise “Max tokens”, or ask for a shorter answer.',
  },
  'content-filter': {
    word: 'Filtered',
    tone: 'withheld',
    sentence: 'The content filter of the vendor ended the answer. Change the prompt and try again.',
  },
  'tool-calls': {
    word: 'Calls tools',
    tone: 'whole',
    sentence: 'The model waits for the results of its tool calls.',
  },
  refusal: { word: 'Refused', tone: 'withheld', sentence: 'The model refused to answer.' },
  other: {
    word: 'Ended early',
    tone: 'partial',
    sentence: 'The model stopped for a reason that the vendor does not explain.',
  },
}

/** The outcome of a job; undefined if the job did not complete. */
export function outcomeOf(status: JobStatus | 'starting', metrics: JobMetrics | undefined): Outcome | undefined {
  if (status !== 'completed') return undefined
  return metrics?.finishReason ? OUTCOMES[metrics.finishReason] : WHOLE
}

/** What a reader must know of an answer that has ended, besides its parts. Undefined: nothing. */
export function noticeOf({ sentence }: Outcome, parts: readonly AnswerPart[]): string | undefined {
  if (parts.some(({ type }) => type !== 'reasoning')) return sentence
  const empty = parts.length === 0 ? 'The model gave no answer.' : 'The model gave no answer besides its reasoning.'
  return sentence === undefined ? empty : `${empty} ${sentence}`
}
