import { partsOf, type StoredPart } from '../../jobs/answer/stored-answer.ts'
import type { StoredFinalJob } from '../../jobs/job.ts'
import { doorId, partId } from '../door-ids.ts'
import { chatUsageOf, createdSecondsOf, finishReasonOf, modelNameOf, NO_ARGUMENTS } from './chat-end.ts'

/** A job that has ended, as the object `chat.completion`. Usage is left out if the vendor did not tell it. */
export function chatCompletion(job: StoredFinalJob) {
  const usage = chatUsageOf(job)
  const metadata = job.door?.name === 'openai-chat' ? job.door.echo?.['metadata'] : undefined
  return {
    id: doorId('chatcmpl-', job.id),
    object: 'chat.completion',
    created: createdSecondsOf(job),
    model: modelNameOf(job, job.metrics.answeredBy),
    choices: [{ index: 0, message: messageOf(job), logprobs: null, finish_reason: finishReasonOf(job) }],
    ...(usage && { usage }),
    service_tier: null,
    system_fingerprint: null,
    ...(metadata !== undefined && { metadata }),
  } as const
}

/** The parts of an answer in the order of the fields: this API has no place for the order in which they came. */
function messageOf(job: StoredFinalJob) {
  const parts = partsOf(job)
  const reasoning = textsOf(parts, 'reasoning')
  const refusal = textsOf(parts, 'refusal')
  const calls = parts.flatMap((part, index) => (part.type === 'tool-call' ? [toolCall(part, job.id, index)] : []))
  const hasOther = refusal !== '' || calls.length > 0
  return {
    role: 'assistant',
    content: job.result === '' && hasOther ? null : job.result,
    refusal: refusal || null,
    // Clients read the one name or the other.
    ...(reasoning !== '' && { reasoning_content: reasoning, reasoning }),
    ...(calls.length > 0 && { tool_calls: calls }),
    annotations: [],
  } as const
}

function textsOf(parts: readonly StoredPart[], type: 'reasoning' | 'refusal'): string {
  return parts.map((part) => (part.type === type ? part.text : '')).join('')
}

function toolCall({ name, ...part }: Extract<StoredPart, { type: 'tool-call' }>, jobId: string, index: number) {
  const given = part.arguments === '' && part.ended ? NO_ARGUMENTS : part.arguments
  return { id: partId('call_', jobId, index), type: 'function', function: { name, arguments: given } } as const
}
