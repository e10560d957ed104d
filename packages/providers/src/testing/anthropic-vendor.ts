import type { TokenUsage } from '@promptlab/contract'
import { promptText } from '../prompt-text.ts'
import { valueAt } from '../value-at.ts'
import { anthropicMessagesOf, anthropicSystemOf } from './anthropic-messages.ts'
import { LoopbackVendor } from './loopback-vendor.ts'
import { conversationOf, numberAt, textAt } from './read-request.ts'
import type { VendorToolCall, WireFormat } from './wire-format.ts'

const STOP_REASONS = {
  stop: 'end_turn',
  length: 'max_tokens',
  'content-filter': 'content_filter',
  'tool-calls': 'tool_use',
  refusal: 'refusal',
  other: 'pause_turn',
}

/** The names of errors by status. Others are errors of the request. */
const ERRORS: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}

const anthropicFormat: WireFormat = {
  basePath: '',
  modelsPath: '/v1/models',
  contentType: 'text/event-stream; charset=utf-8',
  malformed: 'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"\n\n',
  readRequest(path, body) {
    if (path !== '/v1/messages') return undefined
    const messages = anthropicMessagesOf(valueAt(body, 'messages'))
    return {
      model: textAt(body, 'model') ?? '',
      prompt: promptText(messages),
      messages: conversationOf(messages),
      system: anthropicSystemOf(valueAt(body, 'system')),
      temperature: numberAt(body, 'temperature'),
      maxTokens: numberAt(body, 'max_tokens'),
    }
  },
  token: (text) => delta(0, { type: 'text_delta', text }),
  reasoning: (thinking) => delta(0, { type: 'thinking_delta', thinking }),
  toolCalls: (calls) => calls.map(stretchOf).join(''),
  // Only thinking is signed.
  carried: ({ text, carry }) =>
    event({ type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } }) +
    delta(0, { type: 'thinking_delta', thinking: text }) +
    delta(0, { type: 'signature_delta', signature: carry }) +
    event({ type: 'content_block_stop', index: 0 }),
  ping: event({ type: 'ping' }),
  end: ({ reason, usage }) =>
    event({
      type: 'message_delta',
      delta: { stop_reason: STOP_REASONS[reason], stop_sequence: null, stop_details: null },
      ...(usage && { usage: usageOf(usage) }),
    }) + event({ type: 'message_stop' }),
  refusal: ({ message = 'Refused.', retryAfterSeconds }, status) => ({
    headers: retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) },
    body: { type: 'error', error: { type: ERRORS[status] ?? 'invalid_request_error', message }, request_id: 'req_1' },
  }),
  failure: (message) => event({ type: 'error', error: { type: 'overloaded_error', message } }),
}

/** Starts a vendor that speaks Anthropic's Messages API. */
export function startAnthropicVendor(): Promise<LoopbackVendor> {
  return LoopbackVendor.start(anthropicFormat)
}

function event(data: { readonly type: string; readonly [name: string]: unknown }): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
}

function delta(index: number, content: object): string {
  return event({ type: 'content_block_delta', index, delta: content })
}

/** The block 0 is the text. */
function stretchOf({ index, callId, name, arguments: text }: VendorToolCall): string {
  const block = { type: 'tool_use', id: callId, name, input: {} }
  const start = name === undefined ? '' : event({ type: 'content_block_start', index: index + 1, content_block: block })
  return start + (text && delta(index + 1, { type: 'input_json_delta', partial_json: text }))
}

function usageOf({
  inputTokens,
  outputTokens,
  cachedInputTokens = 0,
  cacheWriteTokens = 0,
  reasoningTokens,
}: TokenUsage) {
  return {
    input_tokens: inputTokens - cachedInputTokens - cacheWriteTokens,
    ...(cachedInputTokens > 0 && { cache_read_input_tokens: cachedInputTokens }),
    ...(cacheWriteTokens > 0 && { cache_creation_input_tokens: cacheWriteTokens }),
    output_tokens: outputTokens,
    ...(reasoningTokens !== undefined && { output_tokens_details: { thinking_tokens: reasoningTokens } }),
  }
}
