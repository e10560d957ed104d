import { type Fault, issueSentence } from '@promptlab/contract'
import type { JsonValue } from '@promptlab/providers'
import { ApiError } from '../../base/api-error.ts'
import { clip } from '../../http/clip.ts'
import { invalidRequest } from '../../http/problems/request-validator.ts'
import type { AskedAtDoor } from '../asked-at-door.ts'
import { jobIdOf } from '../door-ids.ts'
import { jobMetadata } from '../job-metadata.ts'
import { withPresentFields } from '../present-fields.ts'
import type { Earlier } from './earlier.ts'
import { inputParam, type MessageOrigin } from './part-origin.ts'
import { readInput } from './read-input.ts'
import { ResponseBody } from './response-body.ts'
import type { ResponseEcho } from './response-echo.ts'
import { optionParam, readOptions } from './response-options.ts'

interface ResponseRequestDeps {
  /** @throws ApiError `unknown-model` */
  readonly resolveModel: (name: string) => { readonly provider: string; readonly model: string }
  readonly earlier: Earlier
}

const FIELDS = Object.keys(ResponseBody.shape)

/**
 * What a body of `POST /v1/responses` asks.
 * @throws ApiError `invalid-request`, with the path of each fault in the body; `unknown-model`, `previous-job-gone`,
 * `item-not-found`, and what lookups throw
 */
export async function readResponseRequest(
  sent: unknown,
  { resolveModel, earlier }: ResponseRequestDeps,
): Promise<AskedAtDoor> {
  const body = parsedBody(sent)
  const { provider, model } = resolveModel(body.model)
  const previousJobId = previousOf(body)
  const options = readOptions(body)
  const { content, origins } = await contentOf(body, earlier)
  return {
    job: {
      provider,
      model,
      ...content,
      ...(previousJobId !== undefined && { previousJobId }),
      ...(options && { options }),
      ...jobMetadata(body.metadata),
    },
    paramOf: (path) => paramOf(path, origins),
    echo: echoOf(body),
    isStored: body.store !== false,
    isBackground: body.background === true,
    isStreamed: body.stream === true,
  }
}

function parsedBody(sent: unknown): ResponseBody {
  const parsed = ResponseBody.safeParse(withPresentFields(sent), { error: issueSentence })
  if (!parsed.success) throw invalidRequest(parsed.error, 'body', FIELDS)
  return parsed.data
}

function previousOf({ previous_response_id: id }: ResponseBody): string | undefined {
  if (id === undefined) return undefined
  const jobId = jobIdOf('resp_', id)
  if (jobId !== undefined) return jobId
  throw new ApiError('previous-job-gone', `Previous response with id '${clip(id)}' not found.`)
}

async function contentOf({ input }: ResponseBody, earlier: Earlier) {
  if (typeof input === 'string') return { content: { prompt: input }, origins: [] }
  const { messages, origins, faults } = await readInput(input, earlier)
  if (faults.length > 0) refuse(faults)
  if (messages.length === 0) refuse([{ path: 'input', message: 'Has no content' }])
  return { content: { messages }, origins }
}

function paramOf(path: string, origins: readonly MessageOrigin[]): string {
  if (path.startsWith('options.')) return optionParam(path.slice('options.'.length))
  if (path.startsWith('messages')) return inputParam(origins, path.slice('messages'.length))
  if (path === 'prompt') return 'input'
  if (path === 'previousJobId') return 'previous_response_id'
  return path === 'provider' ? 'model' : path
}

/** What the answers repeat. The record says the rest. */
function echoOf(body: ResponseBody): Record<string, JsonValue> {
  const { model, background, include, metadata, reasoning, tools = [] } = body
  const strict = tools.flatMap((tool) => (tool.strict ? tool.name : []))
  const summary = reasoning?.summary ?? reasoning?.generate_summary
  const echo: { [Field in keyof ResponseEcho]: JsonValue | undefined } = {
    model,
    background: background || undefined,
    include,
    metadata,
    user: body.user,
    safety_identifier: body.safety_identifier,
    prompt_cache_key: body.prompt_cache_key,
    max_tool_calls: body.max_tool_calls,
    reasoning_summary: summary,
    strict_tools: strict.length > 0 ? strict : undefined,
  }
  return Object.fromEntries(
    Object.entries(echo).flatMap(([field, value]) => (value === undefined ? [] : [[field, value] as const])),
  )
}

function refuse(faults: readonly Fault[]): never {
  const sentences = faults.map(({ path, message }) => `${path}: ${/[.?]$/.test(message) ? message : `${message}.`}`)
  throw new ApiError('invalid-request', sentences.join(' '), { faults })
}
