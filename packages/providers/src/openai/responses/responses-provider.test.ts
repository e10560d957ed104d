import { describeLLMProvider, startBackgroundVendor, startResponsesVendor } from '../../testing/index.ts'
import { ResponsesProvider } from './responses-provider.ts'

describeLLMProvider('ResponsesProvider', {
  model: 'gpt-4',
  finishReasons: ['stop', 'length', 'content-filter'],
  answers: ['reasoning', 'refusal', 'tool-calls', 'tool-call-stretches', 'ping', 'usage-details'],
  startVendor: startResponsesVendor,
  create: ({ url, apiKey }) => new ResponsesProvider({ baseUrl: url, apiKey: () => apiKey }),
  joinable: {
    startVendor: startBackgroundVendor,
    create: ({ url, apiKey }) =>
      new ResponsesProvider({ baseUrl: url, apiKey: () => apiKey, background: true, pollMs: 1 }),
  },
})
