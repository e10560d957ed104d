import { valueAt } from '../value-at.ts'
import { LoopbackVendor } from './loopback-vendor.ts'
import { numberAt, textAt } from './read-request.ts'
import type { WireFormat } from './wire-format.ts'

const FINISH_REASONS = { stop: 'stop', length: 'length', 'content-filter': 'content_filter', other: 'tool_calls' }

const openAIFormat: WireFormat = {
  basePath: '/v1',
  contentType: 'text/event-stream; charset=utf-8',
  malformed: 'data: {"choices":[{"delta":{"content":"\n\n',
  readRequest(path, body) {
    if (path !== '/v1/chat/completions') return undefined
    const messages = valueAt(body, 'messages')
    const ofRole = (role: string) =>
      Array.isArray(messages) ? messages.find((message) => valueAt(message, 'role') === role) : undefined
    return {
      model: textAt(body, 'model') ?? '',
      prompt: textAt(ofRole('user'), 'content') ?? '',
      system: textAt(ofRole('system'), 'content'),
      temperature: numberAt(body, 'temperature'),
      maxTokens: numberAt(body, 'max_completion_tokens') ?? numberAt(body, 'max_tokens'),
    }
  },
  token: (content) => chunk({ choices: [{ index: 0, delta: { content }, finish_reason: null }] }),
  end: ({ reason, usage }) =>
    chunk({ choices: [{ index: 0, delta: {}, finish_reason: FINISH_REASONS[reason] }] }) +
    (usage ? chunk({ choices: [], usage: usageOf(usage.inputTokens, usage.outputTokens) }) : '') +
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

function usageOf(prompt_tokens: number, completion_tokens: number) {
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
}
