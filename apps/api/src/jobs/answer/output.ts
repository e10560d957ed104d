import type { JobMetrics, JobStatus, OutputPart } from '@promptlab/contract'
import { partLength, type StoredAnswer, type StoredPart } from './stored-answer.ts'

/** How the job of an answer stands. */
export interface AnswerEnd {
  readonly status: JobStatus
  readonly metrics: JobMetrics
}

/**
 * Everything that the model said, as callers see it. Undefined if that is one text or nothing. Parts of no length are left
 * out: they only have what the vendor wants back.
 */
export function outputOf({ result, parts, ...end }: StoredAnswer & AnswerEnd): OutputPart[] | undefined {
  if (!parts) return undefined
  const isCut = wasCutOff(end)
  const output: OutputPart[] = []
  let textEnd = 0
  for (const [index, part] of parts.entries()) {
    if (part.type === 'text') textEnd += part.length
    if (partLength(part) === 0) continue
    const text = part.type === 'text' ? result.slice(textEnd - part.length, textEnd) : ''
    output.push(outputPart(part, text, isCut && index === parts.length - 1))
  }
  return output.length === 0 || (output.length === 1 && output[0]?.type === 'text') ? undefined : output
}

function outputPart(part: StoredPart, text: string, isCut: boolean): OutputPart {
  const incomplete = isCut && ({ incomplete: true } as const)
  switch (part.type) {
    case 'text':
      return { type: 'text', text, ...incomplete }
    case 'tool-call': {
      const { type, callId, name, ended } = part
      return { type, callId, name, arguments: part.arguments, ...(!ended && { incomplete: true }) }
    }
    default:
      return { type: part.type, text: part.text, ...incomplete }
  }
}

/** Whether the answer has ended before the model had said everything, so that its last part was cut off. */
export function wasCutOff({ status, metrics }: AnswerEnd): boolean {
  if (status === 'failed' || status === 'cancelled') return true
  return metrics.finishReason === 'length' || metrics.finishReason === 'content-filter'
}
