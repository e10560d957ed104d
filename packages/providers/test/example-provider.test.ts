import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { describeLLMProvider, LoopbackVendor, numberAt, textAt, type WireFormat } from '../src/testing/index.ts'
import { valueAt } from '../src/value-at.ts'
import { ollamaProvider } from './example-provider.ts'

const MODEL = 'gpt-oss:120b'

const ollamaFormat: WireFormat = {
  basePath: '',
  contentType: 'application/x-ndjson',
  malformed: '{"message":\n',
  readRequest(path, body) {
    if (path !== '/api/chat') return undefined
    const messages = valueAt(body, 'messages')
    const last = Array.isArray(messages) ? messages.length - 1 : 0
    return {
      model: textAt(body, 'model') ?? '',
      prompt: textAt(messages, last, 'content') ?? '',
      system: last > 0 ? textAt(messages, 0, 'content') : undefined,
      temperature: numberAt(body, 'options', 'temperature'),
      maxTokens: numberAt(body, 'options', 'num_predict'),
    }
  },
  token: (content) => line({ message: { role: 'assistant', content }, done: false }),
  end: ({ reason, usage }) =>
    line({
      message: { role: 'assistant', content: '' },
      done: true,
      done_reason: reason,
      ...(usage && { prompt_eval_count: usage.inputTokens, eval_count: usage.outputTokens }),
    }),
  refusal: ({ message, retryAfterSeconds }) => ({
    headers: retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) },
    body: { error: message },
  }),
  failure: (message) => line({ error: message }),
}

function line(data: object): string {
  return `${JSON.stringify(data)}\n`
}

describeLLMProvider('the provider in README.md', {
  model: MODEL,
  finishReasons: ['stop', 'length', 'other'],
  usesKey: false,
  startVendor: () => LoopbackVendor.start(ollamaFormat),
  create: ({ url }) =>
    ollamaProvider({ name: 'ollama', baseUrl: url, models: [MODEL], apiKey: () => undefined, delayMs: 0 }),
})

it('the provider in README.md is test/example-provider.ts', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const example = await readFile(new URL('./example-provider.ts', import.meta.url), 'utf8')
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``)
})
