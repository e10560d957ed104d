import {
  failureOfStatus,
  type LLMProvider,
  linesOf,
  retryAfterMs,
  streamFromVendor,
  tokenUsage,
  VendorFailed,
  type VendorSettings,
  valueAt,
} from '@promptlab/providers'

export function ollamaProvider({ name, baseUrl, models }: VendorSettings): LLMProvider {
  return {
    name,
    models,
    complete(prompt, { model, system, temperature, maxTokens, signal }) {
      const messages = [...(system ? [{ role: 'system', content: system }] : []), { role: 'user', content: prompt }]
      const body = JSON.stringify({ model, messages, options: { temperature, num_predict: maxTokens } })
      return streamFromVendor({
        provider: name,
        signal,
        async open(_, upstream) {
          const headers = { 'content-type': 'application/json' }
          const response = await fetch(`${baseUrl}/api/chat`, { method: 'POST', headers, body, signal: upstream })
          if (response.ok && response.body) return linesOf(response.body)
          const details = { retryAfterMs: retryAfterMs(response.headers), vendorText: await response.text() }
          throw new VendorFailed({ ...failureOfStatus(response.status), ...details })
        },
        read(line) {
          const chunk: unknown = JSON.parse(line)
          const error = valueAt(chunk, 'error')
          if (error)
            throw new VendorFailed({ code: 'provider-unavailable', what: 'gave up', vendorText: String(error) })
          const text = valueAt(chunk, 'message', 'content')
          const reason = valueAt(chunk, 'done_reason')
          return {
            text: typeof text === 'string' ? text : undefined,
            finishReason: reason === 'stop' || reason === 'length' ? reason : reason ? 'other' : undefined,
            usage: tokenUsage(valueAt(chunk, 'prompt_eval_count'), valueAt(chunk, 'eval_count')),
          }
        },
      })
    },
  }
}
