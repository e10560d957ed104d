import { type Fault, issueSentence } from '@promptlab/contract'
import { ApiError } from '../../base/api-error.ts'
import { invalidRequest } from '../../http/problems/request-validator.ts'
import type { AskedMessage } from '../../jobs/input/asked-job.ts'
import type { AskedAtDoor } from '../asked-at-door.ts'
import { jobMetadata } from '../job-metadata.ts'
import type { NamedModel } from '../model-names.ts'
import { withPresentFields } from '../present-fields.ts'
import { ChatBody } from './chat-body.ts'
import { readMessages } from './chat-messages.ts'
import { optionParam, readOptions } from './chat-options.ts'
import { type MessageOrigin, messageParam, originsOfCompleted } from './part-origin.ts'

export interface AskedAtChat extends AskedAtDoor {
  /** Whether the last chunk of a stream has the usage. */
  readonly hasUsageChunk: boolean
  /** The same request with messages that were completed from earlier answers. */
  withMessages(messages: AskedMessage[]): AskedAtDoor
}

const FIELDS = Object.keys(ChatBody.shape)

/**
 * What a body of `POST /v1/chat/completions` asks. The bounds of a job are checked later, see `DoorJobs.create`.
 * @param resolve finds the model by its name
 * @throws ApiError `invalid-request`, with the path of each fault in the body; `unknown-model`
 */
export function readChatRequest(sent: unknown, resolve: (model: string) => NamedModel): AskedAtChat {
  const body = parsedBody(sent)
  const { messages, origins, faults } = readMessages(body.messages)
  const { max_tokens, max_completion_tokens } = body
  if (max_tokens !== undefined && max_completion_tokens !== undefined && max_tokens !== max_completion_tokens)
    faults.push({ path: 'max_tokens', message: 'Give either max_tokens or max_completion_tokens' })
  if (faults.length > 0) refuse(faults)

  const options = readOptions(body)
  const job = { ...resolve(body.model), messages, ...(options && { options }), ...jobMetadata(body.metadata) }
  const asked = {
    job,
    paramOf: (path: string) => paramIn(body, path, origins),
    echo: { model: body.model, ...(body.metadata && { metadata: body.metadata }) },
    isStored: body.store !== false,
    isBackground: false,
    isStreamed: body.stream === true,
    hasUsageChunk: body.stream === true && body.stream_options?.include_usage === true,
  }
  const withMessages = (completed: AskedMessage[]) => ({
    ...asked,
    job: { ...job, messages: completed },
    paramOf: (path: string) => paramIn(body, path, originsOfCompleted(origins, completed)),
  })
  return { ...asked, withMessages }
}

function parsedBody(sent: unknown): ChatBody {
  const parsed = ChatBody.safeParse(withPresentFields(sent), { error: issueSentence })
  if (!parsed.success) throw invalidRequest(parsed.error, 'body', FIELDS)
  return parsed.data
}

function paramIn(body: ChatBody, path: string, origins: readonly MessageOrigin[]): string {
  if (path.startsWith('options.')) return optionParam(body, path.slice('options.'.length))
  if (path.startsWith('messages')) return messageParam(origins, path.slice('messages'.length))
  return path === 'provider' ? 'model' : path
}

function refuse(faults: readonly Fault[]): never {
  const sentences = faults.map(({ path, message }) => `${path}: ${message}.`)
  throw new ApiError('invalid-request', sentences.join(' '), { faults })
}
