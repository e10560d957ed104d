import { describe, expect, it } from 'vitest'
import { endedJob } from '../../../test/support/ended-job.ts'
import { newJob, startJob } from '../../jobs/job.ts'
import { begunResponse, responseObject } from './response-object.ts'

const ID = '0198f2c4-5a6b-7c8d-9e0f-112233445566'
const METRICS = endedJob([]).metrics

describe('a job as a response', () => {
  it('has all fields, with what was asked and the defaults of the API', () => {
    expect(responseObject(endedJob(['Hi']))).toEqual({
      id: 'resp_0198f2c45a6b7c8d9e0f112233445566',
      object: 'response',
      created_at: 1767323045,
      completed_at: 1767323046,
      status: 'completed',
      background: true,
      error: null,
      incomplete_details: null,
      instructions: null,
      model: 'openai/gpt-5',
      output: [expect.objectContaining({ type: 'message', status: 'completed' })],
      previous_response_id: null,
      tools: [],
      tool_choice: 'auto',
      truncation: 'disabled',
      parallel_tool_calls: true,
      text: { format: { type: 'text' }, verbosity: 'medium' },
      top_p: 1,
      temperature: 1,
      presence_penalty: 0,
      frequency_penalty: 0,
      top_logprobs: 0,
      reasoning: { effort: null, summary: null },
      user: null,
      usage: expect.objectContaining({ estimated: true }),
      max_output_tokens: null,
      max_tool_calls: null,
      store: true,
      service_tier: 'default',
      metadata: {},
      safety_identifier: null,
      prompt_cache_key: null,
    })
  })

  it('repeats what its request asked', () => {
    const schema = { type: 'object' }
    const job = endedJob(['Hi'], {
      previousJobId: ID,
      options: {
        system: 'Be brief',
        maxTokens: 5,
        tools: [{ name: 'a', parameters: schema }, { name: 'b' }],
        toolChoice: { name: 'a' },
        parallelToolCalls: false,
        reasoning: { effort: 'low' },
        responseFormat: { type: 'json-schema', name: 'c', schema },
      },
      door: {
        name: 'openai-responses',
        echo: { model: 'gpt', metadata: { d: 'e' }, strict_tools: ['a'], reasoning_summary: 'auto', user: 'f' },
      },
    })
    expect(responseObject(job)).toMatchObject({
      background: false,
      model: 'gpt',
      previous_response_id: 'resp_0198f2c45a6b7c8d9e0f112233445566',
      instructions: 'Be brief',
      max_output_tokens: 5,
      tools: [
        { type: 'function', name: 'a', description: null, parameters: schema, strict: true },
        { type: 'function', name: 'b', description: null, parameters: null, strict: false },
      ],
      tool_choice: { type: 'function', name: 'a' },
      parallel_tool_calls: false,
      reasoning: { effort: 'low', summary: 'auto' },
      text: { format: { type: 'json_schema', name: 'c', schema, strict: false } },
      metadata: { d: 'e' },
      user: 'f',
    })
  })

  it('does not take the echo of another door for its own', () => {
    const door = { name: 'openai-chat' as const, echo: { model: 'gpt', background: true } }
    expect(responseObject(endedJob(['Hi'], { door }))).toMatchObject({ model: 'openai/gpt-5', background: false })
  })

  it('has no output and no usage before it ends, and is queued only in the background', () => {
    const pending = newJob(ID, { prompt: 'Go', provider: 'openai', model: 'gpt-5' }, 0)
    const nothing = { output: [], usage: null, completed_at: null }
    expect(responseObject(pending)).toMatchObject({ status: 'queued', ...nothing })
    expect(responseObject({ ...pending, door: { name: 'openai-responses' } })).toMatchObject({ status: 'in_progress' })
    expect(responseObject(startJob(pending, 0))).toMatchObject({ status: 'in_progress', ...nothing })
  })

  it('is the same before its answer, whenever it is asked for', () => {
    const pending = newJob(ID, { prompt: 'Go', provider: 'openai', model: 'gpt-5' }, 0)
    const ended = endedJob(['Hi'], { createdAt: pending.createdAt })
    expect(begunResponse(ended, 'queued')).toEqual(begunResponse(pending, 'queued'))
  })

  it('is incomplete when the vendor stopped it', () => {
    const cut = (finishReason: 'length' | 'content-filter') =>
      responseObject(endedJob(['A', { type: 'refusal', text: 'B' }], { metrics: { ...METRICS, finishReason } }))
    expect(cut('length')).toMatchObject({
      status: 'incomplete',
      completed_at: null,
      incomplete_details: { reason: 'max_output_tokens' },
      output: [{ status: 'completed' }, { status: 'incomplete', content: [{ type: 'refusal', refusal: 'B' }] }],
    })
    expect(cut('content-filter')).toMatchObject({ incomplete_details: { reason: 'content_filter' } })
  })

  it('keeps what there is of an answer that failed or was cancelled', () => {
    const error = { code: 'provider-unavailable' as const, message: 'openai failed.', retryable: true }
    expect(responseObject(endedJob(['Hi'], {}, { status: 'failed', error }))).toMatchObject({
      status: 'failed',
      error: { type: 'server_error', param: null, code: expect.any(String), message: 'openai failed.' },
      usage: null,
      output: [{ status: 'incomplete' }],
    })
    expect(responseObject(endedJob(['Hi'], {}, { status: 'cancelled' }))).toMatchObject({
      status: 'cancelled',
      error: null,
    })
  })

  it('has the usage that the vendor reported, and else an estimate with the texts of its messages', () => {
    const usage = { inputTokens: 7, outputTokens: 5, cachedInputTokens: 2, reasoningTokens: 3 }
    expect(responseObject(endedJob(['Hi'], { metrics: { ...METRICS, usage } })).usage).toEqual({
      input_tokens: 7,
      input_tokens_details: { cached_tokens: 2 },
      output_tokens: 5,
      output_tokens_details: { reasoning_tokens: 3 },
      total_tokens: 12,
    })
    const messages = [{ role: 'user' as const, content: 'x'.repeat(400) }]
    expect(responseObject(endedJob(['Hi'], { messages })).usage).toMatchObject({ input_tokens: 100, output_tokens: 1 })
  })
})
