import type { TokenUsage } from '@promptlab/contract'
import { promptText } from '../prompt-text.ts'
import { valueAt } from '../value-at.ts'
import { geminiMessagesOf } from './gemini-contents.ts'
import { LoopbackVendor } from './loopback-vendor.ts'
import { conversationOf, numberAt, textAt } from './read-request.ts'
import type { VendorToolCall, WireFormat } from './wire-format.ts'

const FINISH_REASONS = {
  stop: 'STOP',
  length: 'MAX_TOKENS',
  'content-filter': 'SAFETY',
  'tool-calls': 'STOP',
  refusal: 'STOP',
  other: 'LANGUAGE',
}

const geminiFormat: WireFormat = {
  basePath: '',
  modelsPath: '/v1beta/models',
  contentType: 'text/event-stream',
  malformed: 'data: {"candidates": [{"content": {\r\n\r\n',
  readRequest(path, body) {
    const model = /^\/v1beta\/models\/([^:]+):streamGenerateContent\?alt=sse$/.exec(path)?.[1]
    if (model === undefined) return undefined
    const messages = geminiMessagesOf(valueAt(body, 'contents'))
    return {
      model,
      prompt: promptText(messages),
      messages: conversationOf(messages),
      system: textAt(body, 'systemInstruction', 'parts', 0, 'text'),
      temperature: numberAt(body, 'generationConfig', 'temperature'),
      maxTokens: numberAt(body, 'generationConfig', 'maxOutputTokens'),
    }
  },
  token: (text) => parts({ text }),
  reasoning: (text) => parts({ text, thought: true }),
  toolCalls: (calls) => parts(...calls.map(callOf)),
  carried: ({ type, text, carry }) =>
    parts({ text, ...(type === 'reasoning' && { thought: true }), thoughtSignature: carry }),
  end: ({ reason, usage }) =>
    event({
      candidates: [
        { content: { parts: [{ text: '' }], role: 'model' }, finishReason: FINISH_REASONS[reason], index: 0 },
      ],
      ...(usage && { usageMetadata: usageOf(usage) }),
      modelVersion: 'loopback',
    }),
  refusal: ({ message = 'Refused.', retryAfterSeconds }, status) => ({
    body: { error: { code: status, message, status: 'REFUSED', details: detailsOf(retryAfterSeconds) } },
  }),
  failure: (message) => event({ error: { code: 503, message, status: 'UNAVAILABLE' } }),
}

/** Starts a vendor that speaks Gemini's `streamGenerateContent`. */
export function startGeminiVendor(): Promise<LoopbackVendor> {
  return LoopbackVendor.start(geminiFormat)
}

function event(data: object): string {
  // Google escapes two line separators that JSON allows unescaped. The SDK would take them for the end of a line.
  const escaped = JSON.stringify(data).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
  return `data: ${escaped}\r\n\r\n`
}

function detailsOf(retryAfterSeconds: number | undefined) {
  if (retryAfterSeconds === undefined) return []
  return [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${retryAfterSeconds}s` }]
}

function parts(...all: object[]): string {
  return event({ candidates: [{ content: { parts: all, role: 'model' }, index: 0 }] })
}

function callOf({ callId, name, arguments: text }: VendorToolCall) {
  const args: unknown = JSON.parse(text)
  return { functionCall: { id: callId, name, args } }
}

function usageOf({ inputTokens, outputTokens, cachedInputTokens, reasoningTokens = 0 }: TokenUsage) {
  return {
    promptTokenCount: inputTokens,
    candidatesTokenCount: outputTokens - reasoningTokens,
    totalTokenCount: inputTokens + outputTokens,
    ...(reasoningTokens > 0 && { thoughtsTokenCount: reasoningTokens }),
    ...(cachedInputTokens !== undefined && { cachedContentTokenCount: cachedInputTokens }),
  }
}
