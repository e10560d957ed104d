import type { ShownMessage, ShownPart, TokenUsage } from '@promptlab/contract'
import { answerLength } from '../jobs/answer/stored-answer.ts'
import { countEntries, decodeTape } from '../jobs/answer/tape.ts'
import { estimatedUsage } from '../jobs/cost/estimated-usage.ts'
import type { StoredFinalJob } from '../jobs/job.ts'
import { isCutAtBudget } from './finish.ts'

/** The usage of a job, as doors show it. */
interface ShownUsage {
  /** Undefined if the vendor reported nothing, and the job did not complete. */
  readonly usage: TokenUsage | undefined
  /** Whether this server estimated it. Doors say so in a field of their own, `estimated`. */
  readonly isEstimated: boolean
}

/**
 * What a job used. SDKs demand numbers of each answer that is complete, so where the vendor reported none they are estimated
 * from the record: earlier turns, images and files do not count then.
 */
export function shownUsage(job: StoredFinalJob): ShownUsage {
  const { usage } = job.metrics
  if (usage || (job.status !== 'completed' && !isCutAtBudget(job))) return { usage, isEstimated: false }
  return { usage: estimateOf(job), isEstimated: true }
}

function estimateOf(job: StoredFinalJob): TokenUsage {
  const size = { pieceCount: countEntries(decodeTape(job.tape ?? '')), length: answerLength(job) }
  const options = estimatedUsage(job.messages ? '' : job.prompt, job.options, size)
  const messages = job.messages?.reduce((sum, message) => sum + messageBytes(message), 0) ?? 0
  // Four bytes of English are about one token, as in `estimatedUsage`.
  return {
    inputTokens: (options?.inputTokens ?? 0) + Math.ceil(messages / 4),
    outputTokens: options?.outputTokens ?? 0,
  }
}

function messageBytes({ content }: ShownMessage): number {
  if (typeof content === 'string') return Buffer.byteLength(content)
  return content.reduce((sum, part) => sum + partBytes(part), 0)
}

function partBytes(part: ShownPart): number {
  switch (part.type) {
    case 'text':
      return 'item' in part ? part.bytes : Buffer.byteLength(part.text)
    case 'tool-call':
      return typeof part.arguments === 'string' ? Buffer.byteLength(part.arguments) : part.arguments.bytes
    case 'tool-result':
      return messageBytes({ role: 'user', content: part.content })
    default:
      return 0
  }
}
