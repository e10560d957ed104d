import type { TokenUsage } from '@promptlab/contract'
import { promptText } from '../prompt-text.ts'
import { valueAt } from '../value-at.ts'
import { LoopbackVendor } from './loopback-vendor.ts'
import { openAIMessagesOf } from './openai-messages.ts'
import { conversationOf, numberAt, textAt } from './read-request.ts'
import type { VendorToolCall, WireFormat } from './wire-format.ts'

const FINISH_REASONS = {
  stop: 'stop',
  length: 'length',
  'content-filter': 'content_filter',
  'tool-calls': 'tool_calls',
  refusal: 'refusal',
  other: 'unknown',
}

const openAIFormat: WireFormat = {
  basePath: '/v1',
  modelsPath: '/v1/models',
  contentType: 'text/event-stream; charset=utf-8',
  malformed: 'data: {"choices":[{"delta":{"content":"\n\n',
  readRequest(path, body) {
    if (path !== '/v1/chat/completions') return undefined
    const messages = openAIMessagesOf(valueAt(body, 'messages'))
    return {
      model: textAt(body, 'model') ?? '',
      prompt: promptText(messages),
      messages: conversationOf(messages),
      system: messages[0]?.role === 'system' ? messages[0].content.map(({ text }) => text).join('') : undefined,
      temperature: numberAt(body, 'temperature'),
      maxTokens: numberAt(body, 'max_completion_tokens') ?? numberAt(body, 'max_tokens'),
    }
  },
  token: (content) => delta({ content }),
  reasoning: (text) => delta({ reasoning_content: text }),
  refusalText: (refusal) => delta({ refusal }),
  toolCalls: (calls) => delta({ tool_calls: calls.map(callOf) }),
  ping: ': ping\n\n',
  end: ({ reason, usage }) =>
    chunk({ choices: [{ index: 0, delta: {}, finish_reason: FINISH_REASONS[reason] }] }) +
    (usage ? chunk({ choices: [], usage: usageOf(usage) }) : '') +
    'data: [DONE]\n\n',
  refusal: ({ message = 'Refused.', retryAfterSeconds }) => ({
    headers: retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) },
    body: { error: { message, type: 'invalid_request_error', param: null, code: null } },
  }),
  failure: (message) => event({ error: { message, type: 'server_error', code: null } }),
}

/** Starts a vendor that speaks OpenAI's chat completions. */
export function startOpenAIVendor(): Promise<LoopbackVendor> {
  return LoopbackVendor.start(openAIFormat)
}

function chunk(fields: object): string {
  return event({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'loopback', ...fields })
}

function event(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`
}

function delta(fields: object): string {
  return chunk({ choices: [{ index: 0, delta: fields, finish_reason: null }] })
}

function callOf({ index, callId, name, arguments: text }: VendorToolCall) {
  const first = callId === undefined ? {} : { id: callId, type: 'function' }
  return { index, ...first, function: { ...(name !== undefined && { name }), arguments: text } }
}

function usageOf({ inputTokens, outputTokens, cachedInputTokens, reasoningTokens }: TokenUsage) {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    ...(cachedInputTokens !== undefined && { prompt_tokens_details: { cached_tokens: cachedInputTokens } }),
    ...(reasoningTokens !== undefined && { completion_tokens_details: { reasoning_tokens: reasoningTokens } }),
  }
}
