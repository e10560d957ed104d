import { LoopbackVendor } from './loopback-vendor.ts'
import { numberAt, textAt } from './read-request.ts'
import type { WireFormat } from './wire-format.ts'

const FINISH_REASONS = { stop: 'STOP', length: 'MAX_TOKENS', 'content-filter': 'SAFETY', other: 'LANGUAGE' }

const geminiFormat: WireFormat = {
  basePath: '',
  contentType: 'text/event-stream',
  malformed: 'data: {"candidates": [{"content": {\r\n\r\n',
  readRequest(path, body) {
    const model = /^\/v1beta\/models\/([^:]+):streamGenerateContent\?alt=sse$/.exec(path)?.[1]
    if (model === undefined) return undefined
    return {
      model,
      prompt: textAt(body, 'contents', 0, 'parts', 0, 'text') ?? '',
      system: textAt(body, 'systemInstruction', 'parts', 0, 'text'),
      temperature: numberAt(body, 'generationConfig', 'temperature'),
      maxTokens: numberAt(body, 'generationConfig', 'maxOutputTokens'),
    }
  },
  token: (text) => event({ candidates: [{ content: { parts: [{ text }], role: 'model' }, index: 0 }] }),
  end: ({ reason, usage }) =>
    event({
      candidates: [
        { content: { parts: [{ text: '' }], role: 'model' }, finishReason: FINISH_REASONS[reason], index: 0 },
      ],
      ...(usage && { usageMetadata: usageOf(usage.inputTokens, usage.outputTokens) }),
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

function usageOf(promptTokenCount: number, candidatesTokenCount: number) {
  return { promptTokenCount, candidatesTokenCount, totalTokenCount: promptTokenCount + candidatesTokenCount }
}
