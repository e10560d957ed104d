import { type Fallback, isFinal, type JobOptions } from '@promptlab/contract'
import { answererOf } from '../../jobs/answerer.ts'
import type { StoredFinalJob, StoredJob } from '../../jobs/job.ts'
import { doorId } from '../door-ids.ts'
import { finishOf, isCutAtBudget } from '../finish.ts'
import type { OpenAiError } from '../openai-error.ts'
import type { ItemContext, OutputItem } from './output-item.ts'
import { outputItems } from './output-items.ts'
import { echoOf, type ResponseEcho } from './response-echo.ts'
import { responseError } from './response-error.ts'
import { type ResponseUsage, responseUsage } from './response-usage.ts'

type ResponseStatus = 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled'

/** The value of `include` that asks for what the vendor wants back with its reasoning. */
export const ENCRYPTED_CONTENT = 'reasoning.encrypted_content'

/** What becomes of a response while its job runs. Everything else in it is known from the start. */
interface ResponseState {
  readonly model: string
  readonly completed_at: number | null
  readonly status: ResponseStatus
  readonly error: OpenAiError | null
  readonly incomplete_details: { readonly reason: 'max_output_tokens' | 'content_filter' } | null
  readonly output: readonly OutputItem[]
  readonly usage: ResponseUsage | null
}

/**
 * The response that a job is, wherever the job was made.
 * @param include what the client asks for beside what the request asked for
 */
export function responseObject(job: StoredJob, include: readonly string[] = []) {
  return responseWith(job, isFinal(job) ? endOf(job, include) : begun(job, statusNow(job)))
}

/** The response before anything was known of its answer. It is the same, whenever it is asked for. */
export function begunResponse(job: StoredJob, status: 'queued' | 'in_progress') {
  return responseWith(job, begun(job, status))
}

/** Whether nobody waits for the answer. Jobs of the native API answer at once, as those of the background here do. */
export function isBackground({ door }: StoredJob): boolean {
  return door ? echoOf(door).background === true : true
}

/** How the items of a job are written. */
export function itemContext(job: StoredJob, include: readonly string[]): ItemContext {
  const asked = [...include, ...(echoOf(job.door).include ?? [])]
  const { provider } = isFinal(job) ? answererOf(job) : job
  return { jobId: job.id, provider, hasEncryptedContent: asked.includes(ENCRYPTED_CONTENT) }
}

function statusNow(job: StoredJob): 'queued' | 'in_progress' {
  return job.status === 'pending' && isBackground(job) ? 'queued' : 'in_progress'
}

/** It is not known yet who will answer, so the model is the one that was asked. */
function begun(job: StoredJob, status: 'queued' | 'in_progress'): ResponseState {
  return {
    model: modelOf(job),
    completed_at: null,
    status,
    error: null,
    incomplete_details: null,
    output: [],
    usage: null,
  }
}

function endOf(job: StoredFinalJob, include: readonly string[]): ResponseState {
  const { status, reason } = finalStatus(job)
  return {
    model: modelOf(job, job.metrics.answeredBy),
    completed_at: status === 'completed' ? secondsOf(job.updatedAt) : null,
    status,
    error: job.status === 'failed' && status === 'failed' ? responseError(job.error) : null,
    incomplete_details: reason ? { reason } : null,
    output: outputItems(job, itemContext(job, include)),
    usage: responseUsage(job),
  }
}

interface FinalStatus {
  readonly status: Exclude<ResponseStatus, 'queued' | 'in_progress'>
  readonly reason?: 'max_output_tokens' | 'content_filter'
}

/** How a job ended, in the words of this API. */
export function finalStatus(job: StoredFinalJob): FinalStatus {
  const { status } = job
  if (status !== 'completed' && !isCutAtBudget(job)) return { status }
  const finish = finishOf(job)
  if (finish === 'length') return { status: 'incomplete', reason: 'max_output_tokens' }
  if (finish === 'content-filter') return { status: 'incomplete', reason: 'content_filter' }
  return { status }
}

function responseWith(job: StoredJob, state: ResponseState) {
  const { options = {} } = job
  const echo = echoOf(job.door)
  return {
    id: doorId('resp_', job.id),
    object: 'response',
    created_at: secondsOf(job.createdAt),
    ...state,
    background: isBackground(job),
    previous_response_id: job.previousJobId === undefined ? null : doorId('resp_', job.previousJobId),
    store: job.deleteAfter === undefined,
    ...samplingOf(options),
    instructions: options.system ?? null,
    reasoning: { effort: options.reasoning?.effort ?? null, summary: echo.reasoning_summary ?? null },
    text: { format: formatOf(options), verbosity: 'medium' },
    tool_choice: toolChoiceOf(options),
    tools: toolsOf(options, echo),
    parallel_tool_calls: options.parallelToolCalls ?? true,
    truncation: 'disabled',
    service_tier: 'default',
    ...repeatedOf(echo),
  }
}

/** The model by the name that the client used. A fallback that answered, and a job that was made elsewhere, has its full name. */
function modelOf(job: StoredJob, answeredBy?: Fallback): string {
  const { provider, model } = answeredBy ?? job
  return (answeredBy ? undefined : echoOf(job.door).model) ?? `${provider}/${model}`
}

/** With the defaults of the API, as SDKs demand numbers. */
function samplingOf({ temperature = 1, topP = 1, presencePenalty = 0, frequencyPenalty = 0, maxTokens }: JobOptions) {
  return {
    temperature,
    top_p: topP,
    presence_penalty: presencePenalty,
    frequency_penalty: frequencyPenalty,
    top_logprobs: 0,
    max_output_tokens: maxTokens ?? null,
  }
}

function repeatedOf(echo: ResponseEcho) {
  return {
    max_tool_calls: echo.max_tool_calls ?? null,
    metadata: echo.metadata ?? {},
    user: echo.user ?? null,
    safety_identifier: echo.safety_identifier ?? null,
    prompt_cache_key: echo.prompt_cache_key ?? null,
  }
}

function secondsOf(at: string): number {
  return Math.floor(Date.parse(at) / 1_000)
}

function formatOf({ responseFormat }: JobOptions) {
  if (!responseFormat || responseFormat.type === 'text') return { type: 'text' }
  if (responseFormat.type === 'json') return { type: 'json_object' }
  const { name, schema, strict = false } = responseFormat
  return { type: 'json_schema', name, description: null, schema, strict }
}

function toolChoiceOf({ toolChoice = 'auto' }: JobOptions) {
  return typeof toolChoice === 'string' ? toolChoice : { type: 'function', name: toolChoice.name }
}

function toolsOf({ tools = [] }: JobOptions, { strict_tools: strict = [] }: ResponseEcho) {
  return tools.map(({ name, description = null, parameters = null }) => ({
    type: 'function',
    name,
    description,
    parameters,
    strict: strict.includes(name),
  }))
}
