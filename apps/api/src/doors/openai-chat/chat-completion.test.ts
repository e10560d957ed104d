import { describe, expect, it } from 'vitest'
import type { StoredFinalJob } from '../../jobs/job.ts'
import { chatCompletion } from './chat-completion.ts'

const TIME = '2026-01-02T03:04:05.678Z'
const METRICS = { durationMs: 1, tokenCount: 1, ttftMs: 1, queuedMs: 0, attempts: 1 }
const JOB: StoredFinalJob = {
  id: '0199d1c2-0000-7000-8000-000000000001',
  prompt: 'Go',
  provider: 'acme',
  model: 'mini',
  createdAt: TIME,
  updatedAt: TIME,
  status: 'completed',
  result: 'Hello',
  metrics: METRICS,
}
const CALL = { type: 'tool-call', callId: 'v', name: 'look', arguments: '{}', ended: true } as const

function finishOf(finishReason: StoredFinalJob['metrics']['finishReason'], parts?: StoredFinalJob['parts']) {
  const metrics = { ...METRICS, ...(finishReason && { finishReason }) }
  return chatCompletion({ ...JOB, metrics, ...(parts && { parts }) }).choices[0].finish_reason
}

describe('chatCompletion', () => {
  it('shows an answer that is one text', () => {
    const usage = { inputTokens: 3, outputTokens: 4, cachedInputTokens: 1, cacheWriteTokens: 2, reasoningTokens: 2 }
    expect(chatCompletion({ ...JOB, metrics: { ...METRICS, usage, finishReason: 'stop' } })).toEqual({
      id: 'chatcmpl-0199d1c2000070008000000000000001',
      object: 'chat.completion',
      created: 1_767_323_045,
      model: 'acme/mini',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hello', refusal: null, annotations: [] },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: {
        prompt_tokens: 3,
        completion_tokens: 4,
        total_tokens: 7,
        prompt_tokens_details: { cached_tokens: 1, cache_write_tokens: 2 },
        completion_tokens_details: { reasoning_tokens: 2 },
      },
      service_tier: null,
      system_fingerprint: null,
    })
  })

  it('repeats the name of the model and the metadata as they were sent', () => {
    const echo = { model: 'mini', metadata: { run: '7' } }
    expect(chatCompletion({ ...JOB, door: { name: 'openai-chat', echo } })).toMatchObject(echo)
    expect(chatCompletion({ ...JOB, door: { name: 'openai-responses', echo } })).toMatchObject({ model: 'acme/mini' })
  })

  it('shows reasoning under both of its names, all texts as one, and calls with ids of this server', () => {
    const parts: StoredFinalJob['parts'] = [
      { type: 'reasoning', text: 'hm' },
      { type: 'text', length: 3 },
      { type: 'reasoning', text: ', well' },
      { type: 'text', length: 2 },
      CALL,
      { ...CALL, name: 'list', arguments: '' },
    ]
    const [{ message }] = chatCompletion({ ...JOB, parts }).choices
    const id = 'call_0199d1c2000070008000000000000001'
    expect(message).toEqual({
      role: 'assistant',
      content: 'Hello',
      refusal: null,
      reasoning_content: 'hm, well',
      reasoning: 'hm, well',
      tool_calls: [
        { id: `${id}_4`, type: 'function', function: { name: 'look', arguments: '{}' } },
        { id: `${id}_5`, type: 'function', function: { name: 'list', arguments: '{}' } },
      ],
      annotations: [],
    })
  })

  it('has no content if the answer is only calls or a refusal, and an empty one if it is nothing', () => {
    const messageOf = (parts: StoredFinalJob['parts']) =>
      chatCompletion({ ...JOB, result: '', ...(parts && { parts }) }).choices[0].message
    expect(messageOf([CALL]).content).toBeNull()
    expect(messageOf([{ type: 'refusal', text: 'No.' }])).toMatchObject({ content: null, refusal: 'No.' })
    expect(messageOf(undefined).content).toBe('')
  })

  it('says why the model stopped in the words of this API', () => {
    expect(finishOf('stop')).toBe('stop')
    expect(finishOf('refusal')).toBe('stop')
    expect(finishOf('length')).toBe('length')
    expect(finishOf('content-filter')).toBe('content_filter')
    expect(finishOf('tool-calls')).toBe('tool_calls')
    expect(finishOf('other')).toBe('stop')
    expect(finishOf(undefined, [{ type: 'text', length: 5 }, CALL])).toBe('tool_calls')
  })
})
