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

/** The examples of requests and answers in the document. */
export const EXAMPLES = {
  create: { ...request, options: { temperature: 0.7, maxTokens: 200 } },
  pending,
  completed,
  cancelled,
  page: { data: [summary], nextCursor: null },
  providers: [
    { name: 'echo', models: ['echo'], configured: true, missing: [] },
    { name: 'openai', models: ['gpt-4'], configured: false, missing: ['OPENAI_API_KEY'] },
  ],
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
  eventStream: `retry: 2000\n\nid: 4\ndata: {"token":"Once"}\n\nid: 9\ndata: {"token":" upon"}\n\nevent: metrics\nid: end\ndata: ${JSON.stringify(metrics)}\n\n`,
  lines: `{"event":"token","id":4,"data":{"token":"Once"}}\n${JSON.stringify({ event: 'metrics', id: 'end', data: metrics })}\n`,
  text: 'Once upon a time',
}
