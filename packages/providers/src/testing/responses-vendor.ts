import type { FinishReason, TokenUsage } from '@promptlab/contract'
import { promptText } from '../prompt-text.ts'
import { valueAt } from '../value-at.ts'
import { LoopbackVendor } from './loopback-vendor.ts'
import { conversationOf, numberAt, textAt } from './read-request.ts'
import { responsesMessagesOf } from './responses-messages.ts'
import type { VendorEnd, VendorToolCall, WireFormat } from './wire-format.ts'

const INCOMPLETE_REASONS: Partial<Record<FinishReason, string>> = {
  length: 'max_output_tokens',
  'content-filter': 'content_filter',
  other: 'unknown',
}

/** Items have numbers as they have on the wire. Text is the first, reasoning is before it, calls are behind it. */
const TEXT_PLACE = { item_id: 'msg_1', output_index: 1, content_index: 0 }
const REASONING_PLACE = { item_id: 'rs_1', output_index: 0, summary_index: 0 }

const responsesFormat: WireFormat = {
  basePath: '/v1',
  modelsPath: '/v1/models',
  contentType: 'text/event-stream; charset=utf-8',
  malformed: 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"\n\n',
  readRequest(path, body) {
    if (path !== '/v1/responses') return undefined
    const messages = responsesMessagesOf(valueAt(body, 'input'))
    return {
      model: textAt(body, 'model') ?? '',
      prompt: promptText(messages),
      messages: conversationOf(messages),
      system: textAt(body, 'instructions'),
      temperature: numberAt(body, 'temperature'),
      maxTokens: numberAt(body, 'max_output_tokens'),
    }
  },
  token: (delta) => responsesEvent('response.output_text.delta', { ...TEXT_PLACE, delta, logprobs: [] }),
  reasoning: (delta) => responsesEvent('response.reasoning_summary_text.delta', { ...REASONING_PLACE, delta }),
  refusalText: (delta) => responsesEvent('response.refusal.delta', { ...TEXT_PLACE, delta }),
  toolCalls: (calls) => calls.map(callEvents).join(''),
  ping: ': ping\n\n',
  end: ({ reason, usage }) => endEvent(reason, usage),
  refusal: ({ message = 'Refused.', retryAfterSeconds }) => ({
    headers: retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) },
    body: { error: { message, type: 'invalid_request_error', param: null, code: null } },
  }),
  failure: (message) =>
    responsesEvent('error', { code: 'server_error', message, param: null }) +
    responsesEvent('response.failed', { response: { status: 'failed', error: { code: 'server_error', message } } }),
}

/** Starts a vendor that speaks OpenAI's Responses API. */
export function startResponsesVendor(): Promise<LoopbackVendor> {
  return LoopbackVendor.start(responsesFormat)
}

/** An event of the Responses API. */
export function responsesEvent(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: 1, ...fields })}\n\n`
}

function endEvent(reason: FinishReason, usage: VendorEnd['usage']): string {
  const incomplete = INCOMPLETE_REASONS[reason]
  const response = {
    id: 'resp_1',
    object: 'response',
    status: incomplete === undefined ? 'completed' : 'incomplete',
    error: null,
    incomplete_details: incomplete === undefined ? null : { reason: incomplete },
    output: [],
    usage: usage ? usageOf(usage) : null,
  }
  return responsesEvent(incomplete === undefined ? 'response.completed' : 'response.incomplete', { response })
}

function callEvents({ index, callId, name, arguments: text }: VendorToolCall): string {
  const place = { output_index: index + 2 }
  const item = { id: `fc_${index}`, type: 'function_call', call_id: callId, name, arguments: '', status: 'in_progress' }
  const added = name === undefined ? '' : responsesEvent('response.output_item.added', { ...place, item })
  const delta = { ...place, item_id: item.id, delta: text }
  return added + (text ? responsesEvent('response.function_call_arguments.delta', delta) : '')
}

function usageOf({ inputTokens, outputTokens, cachedInputTokens = 0, reasoningTokens = 0 }: TokenUsage) {
  return {
    input_tokens: inputTokens,
    ...(cachedInputTokens > 0 && { input_tokens_details: { cached_tokens: cachedInputTokens } }),
    output_tokens: outputTokens,
    ...(reasoningTokens > 0 && { output_tokens_details: { reasoning_tokens: reasoningTokens } }),
    total_tokens: inputTokens + outputTokens,
  }
}
