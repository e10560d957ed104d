import { encodeChangePosition } from '../../jobs/feed/feed-cursor.ts'

const JOB_ID = '01a2097c-e4d6-7275-83df-99a3229accf7'

const request = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }
const links = {
  self: `/jobs/${JOB_ID}`,
  cancel: `/jobs/${JOB_ID}/cancel`,
  stream: `/jobs/${JOB_ID}/stream?expires=1795543200&signature=mJUWy6Yhq3YDSaV4nBRHXbAqTqDYQqHxFlmtT2lWc8E`,
}
const createdAt = '2026-11-25T09:00:00.000Z'
const updatedAt = '2026-11-25T09:00:00.089Z'
const metrics = { durationMs: 69, tokenCount: 4, ttftMs: 2, queuedMs: 3, attempts: 1 }

const pending = { id: JOB_ID, ...request, status: 'pending', createdAt, updatedAt: createdAt, links }
const ended = { id: JOB_ID, ...request, status: 'completed', metrics, createdAt, updatedAt, links }
const completed = { ...ended, result: 'Once upon a time' }
const cancelled = { ...ended, status: 'cancelled', result: 'Once upon' }
const summary = { ...ended, promptLength: request.prompt.length }

const tools = [
  {
    name: 'get_weather',
    description: 'The weather of a city today.',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
]
const question = [{ role: 'user', content: 'How is the weather in Oslo?' }]
const call = { callId: 'call_1', name: 'get_weather' }
const callArguments = '{"city":"Oslo"}'
const callMetrics = { ...metrics, tokenCount: 1, ttftMs: 31, firstPieceMs: 12, finishReason: 'tool-calls' }
const calling = {
  ...ended,
  prompt: 'How is the weather in Oslo?',
  messages: question,
  provider: 'openai',
  model: 'gpt-4',
  options: { tools },
  result: 'Let me look.',
  output: [
    { type: 'reasoning', text: 'A tool knows.' },
    { type: 'text', text: 'Let me look.' },
    { type: 'tool-call', ...call, arguments: callArguments },
  ],
  metrics: callMetrics,
}
/** The answer of `calling`, as the view `full` streams it. */
const fullEvents = [
  { event: 'reasoning', id: 'f13', data: { token: 'A tool knows.' } },
  { event: 'token', id: 'f25', data: { token: 'Let me look.' } },
  { event: 'tool-call', id: 'f26', data: call },
  { event: 'tool-arguments', id: 'f41', data: { callId: call.callId, token: callArguments } },
  { event: 'tool-call-end', id: 'f42', data: { ...call, arguments: callArguments } },
  { event: 'metrics', id: 'end', data: callMetrics },
]

function feedCursor(updatedAt: string, id: string): string {
  return encodeChangePosition({ updatedAt, id })
}

/** The examples of requests and answers in the document. */
export const EXAMPLES = {
  create: { ...request, options: { temperature: 0.7, maxTokens: 200 }, metadata: { order: '1207' } },
  createFromMessages: {
    messages: question,
    provider: 'openai',
    model: 'gpt-4',
    options: { tools, reasoning: { effort: 'low' } },
  },
  rerun: { provider: 'anthropic', model: 'claude-opus-5-5', options: { temperature: null, maxTokens: 500 } },
  fork: { at: 9, prompt: 'Make it shorter.' },
  forkElsewhere: { at: 'f120', provider: 'gemini', model: 'gemini-pro' },
  deliveries: {
    data: [
      {
        id: 'msg_01a2097c-e4d6-7275-83df-99a3229accf8',
        to: 'job',
        status: 'waiting',
        attempts: [
          { at: updatedAt, durationMs: 31, status: 503 },
          { at: '2026-11-25T09:00:05.171Z', durationMs: 15_000, error: 'timeout' },
        ],
        nextAttemptAt: '2026-11-25T09:00:49.800Z',
      },
    ],
  },
  calling,
  pending,
  completed,
  cancelled,
  fixture: {
    version: 1,
    from: { jobId: JOB_ID, createdAt },
    request: { ...request, options: { temperature: 0.7 } },
    answer: [
      { afterMs: 2, type: 'text', text: 'Once' },
      { afterMs: 22, type: 'text', text: ' upon' },
      { afterMs: 21, type: 'text', text: ' a time' },
    ],
    end: { afterMs: 24, finishReason: 'stop' },
  },
  page: { data: [summary], nextCursor: null },
  conversation: { data: [completed], earlier: 'none' },
  providers: [
    {
      name: 'echo',
      models: ['echo'],
      modelList: { source: 'settings', anyName: false },
      configured: true,
      capabilities: {
        messages: true,
        options: ['system'],
        responseFormats: [],
        imageTypes: [],
        fileTypes: [],
        urls: false,
      },
      missing: [],
    },
    {
      name: 'openai',
      models: ['gpt-4'],
      modelList: { source: 'default', anyName: true },
      configured: false,
      capabilities: {
        messages: true,
        options: ['system', 'maxTokens', 'tools', 'responseFormat'],
        responseFormats: ['text', 'json', 'json-schema'],
        imageTypes: ['image/png', 'image/jpeg'],
        fileTypes: ['application/pdf'],
        urls: true,
      },
      missing: ['OPENAI_API_KEY'],
    },
    {
      name: 'mistral',
      models: ['mistral-large-latest'],
      modelList: { source: 'vendor', ageSeconds: 42, anyName: true },
      modelCapabilities: { 'mistral-large-latest': { tools: true, images: true } },
      configured: true,
      capabilities: {
        messages: true,
        options: ['system', 'maxTokens', 'tools', 'responseFormat'],
        responseFormats: ['text', 'json', 'json-schema'],
        imageTypes: ['image/png', 'image/jpeg'],
        fileTypes: [],
        urls: true,
      },
      missing: [],
    },
  ],
  usage: {
    from: '2026-11-01',
    to: '2026-11-27',
    groupBy: 'model',
    data: [
      {
        provider: 'openai',
        model: 'gpt-4',
        jobs: 12,
        inputTokens: 3_400,
        outputTokens: 1_200,
        cachedInputTokens: 0,
        cacheWriteTokens: 0,
        reasoningTokens: 0,
        usd: 0.174,
        unpricedJobs: 0,
      },
    ],
  },
  budget: {
    data: [
      {
        period: 'day',
        from: '2026-11-27',
        to: '2026-11-27',
        limitUsd: 10,
        spentUsd: 2.5,
        reservedUsd: 0.75,
        leftUsd: 6.75,
      },
    ],
  },
  live: { status: 'live' },
  ready: { status: 'ready', dependencies: { storage: { ready: true }, queue: { ready: true } } },
  notReady: {
    status: 'not-ready',
    dependencies: {
      storage: { ready: false, detail: 'The job store cannot be used right now.' },
      queue: { ready: true },
    },
  },
  metrics: 'promptlab_jobs_running{provider="echo"} 1\n',
  feed: `retry: 2000\n\nevent: ready\nid: ${feedCursor(createdAt, '')}\ndata: {}\n\nevent: job\nid: ${feedCursor(updatedAt, JOB_ID)}\ndata: ${JSON.stringify(summary)}\n\n`,
  eventStream: `retry: 2000\n\nid: 4\ndata: {"token":"Once"}\n\nid: 9\ndata: {"token":" upon"}\n\nevent: metrics\nid: end\ndata: ${JSON.stringify(metrics)}\n\n`,
  lines: `{"event":"token","id":4,"data":{"token":"Once"}}\n${JSON.stringify({ event: 'metrics', id: 'end', data: metrics })}\n`,
  fullEventStream: `retry: 2000\n\n${fullEvents.map(({ event, id, data }) => `${event === 'token' ? '' : `event: ${event}\n`}id: ${id}\ndata: ${JSON.stringify(data)}\n\n`).join('')}`,
  fullLines: fullEvents.map((event) => `${JSON.stringify(event)}\n`).join(''),
  text: 'Once upon a time',
}
