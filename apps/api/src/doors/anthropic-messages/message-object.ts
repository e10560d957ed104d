import type { Fallback } from '@promptlab/contract'
import type { StoredFinalJob, StoredJob } from '../../jobs/job.ts'
import { doorId } from '../door-ids.ts'
import { type AnswerBlock, answerBlocks } from './answer-blocks.ts'
import { type MessageEnd, type MessageUsage, messageEnd, messageUsage, NO_USAGE } from './message-end.ts'

/** An answer, as the Messages API writes it. Fields of Anthropic's own services are null. */
export interface MessageObject extends Omit<MessageEnd, 'stop_reason'> {
  readonly id: string
  readonly type: 'message'
  readonly role: 'assistant'
  readonly model: string
  readonly content: readonly AnswerBlock[]
  /** Null while the answer goes on. */
  readonly stop_reason: MessageEnd['stop_reason'] | null
  readonly container: null
  readonly diagnostics: null
  readonly usage: MessageUsage & {
    readonly cache_creation: null
    readonly inference_geo: null
    readonly server_tool_use: null
    readonly service_tier: null
    readonly speed: null
  }
}

type Asked = Pick<StoredJob, 'id' | 'provider' | 'model' | 'door'>

/** The message of a completed job. */
export function messageObject(job: StoredFinalJob): MessageObject {
  return messageOf(job, answerBlocks(job), messageEnd(job), messageUsage(job), job.metrics.answeredBy)
}

/** The message of a job before the first piece of its answer. Its usage is not known yet. */
export function openingMessage(job: Asked): MessageObject {
  return messageOf(job, [], { stop_reason: null, stop_sequence: null, stop_details: null }, NO_USAGE)
}

function messageOf(
  job: Asked,
  content: readonly AnswerBlock[],
  { stop_reason, stop_sequence, stop_details }: Pick<MessageObject, 'stop_reason' | 'stop_sequence' | 'stop_details'>,
  usage: MessageUsage,
  answeredBy?: Fallback,
): MessageObject {
  return {
    id: doorId('msg_', job.id),
    type: 'message',
    role: 'assistant',
    model: modelOf(job, answeredBy),
    content,
    stop_reason,
    stop_sequence,
    stop_details,
    container: null,
    diagnostics: null,
    usage: {
      ...usage,
      cache_creation: null,
      inference_geo: null,
      server_tool_use: null,
      service_tier: null,
      speed: null,
    },
  }
}

/** The model by the name that the client used. A fallback that answered, and a job that was made elsewhere, has its full name. */
function modelOf({ provider, model, door }: Asked, answeredBy: Fallback | undefined): string {
  if (answeredBy) return `${answeredBy.provider}/${answeredBy.model}`
  const asked = door?.name === 'anthropic-messages' ? door.echo?.['model'] : undefined
  return typeof asked === 'string' ? asked : `${provider}/${model}`
}
