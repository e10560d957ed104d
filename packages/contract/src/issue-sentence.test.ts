import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { createJobBody, issueSentence, Job, JobListQuery, StreamCursor } from './index.ts'

function sentences(schema: z.ZodType, value: unknown): string[] {
  const { error } = schema.safeParse(value, { error: issueSentence })
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []
}

describe('issueSentence, for a body of POST /jobs', () => {
  const job = { prompt: 'Hello', provider: 'echo', model: 'echo' }
  it.each([
    [null, ': The body is empty. Send a JSON object.'],
    [undefined, ': The body is empty. Send a JSON object.'],
    [[job], ': The body must be a JSON object, not a list'],
    ['text', ': The body must be a JSON object, not a text'],
    [{ ...job, prompt: undefined }, 'prompt: Is required, or messages'],
    [{ ...job, messages: [{ role: 'user', content: 'Hello' }] }, 'messages: Give either prompt or messages'],
    [{ ...job, prompt: 7 }, 'prompt: Must be a text, not a number'],
    [{ ...job, prompt: null }, 'prompt: Must be a text, not null'],
    [{ ...job, prompt: true }, 'prompt: Must be a text, not true'],
    [{ ...job, prompt: ['Hello'] }, 'prompt: Must be a text, not a list'],
    [{ ...job, prompt: { text: 'Hello' } }, 'prompt: Must be a text, not an object'],
    [{ ...job, prompt: ' ' }, 'prompt: Must not be blank'],
    [{ ...job, prompt: 'x'.repeat(101) }, 'prompt: The prompt is longer than 100 characters'],
    [{ ...job, provider: '' }, 'provider: Must not be empty'],
    [{ ...job, model: 'x'.repeat(201) }, 'model: The model is longer than 200 characters'],
    [{ ...job, options: 'hot' }, 'options: Must be an object, not a text'],
    [{ ...job, options: { system: 'x'.repeat(101) } }, 'options.system: The system text is longer than 100 characters'],
    [{ ...job, options: { system: '' } }, 'options.system: Must not be empty'],
    [{ ...job, options: { temperature: 2.1 } }, 'options.temperature: Must be a number from 0 to 2'],
    [{ ...job, options: { temperature: -1 } }, 'options.temperature: Must be a number from 0 to 2'],
    [{ ...job, options: { temperature: 'hot' } }, 'options.temperature: Must be a number from 0 to 2, not a text'],
    [{ ...job, maxCostUsd: 0 }, 'maxCostUsd: Must be a number above 0 and up to 1000000'],
    [{ ...job, maxCostUsd: '1' }, 'maxCostUsd: Must be a number above 0 and up to 1000000, not a text'],
    [{ ...job, options: { maxTokens: 0 } }, 'options.maxTokens: Must be a whole number, 1 or more'],
    [{ ...job, options: { maxTokens: 1.5 } }, 'options.maxTokens: Must be a whole number, 1 or more'],
    [{ ...job, options: { maxTokens: 1e300 } }, 'options.maxTokens: Must be a whole number, 1 or more'],
    [{ ...job, options: { maxTokens: null } }, 'options.maxTokens: Must be a whole number, 1 or more, not null'],
    [
      { ...job, options: { tools: Array.from({ length: 129 }, () => ({ name: 'get_sum' })) } },
      'options.tools: Has more than 128 items',
    ],
    [{ ...job, seed: 1 }, ': Unknown field'],
  ])('%#: %s', (body, sentence) =>
    expect(sentences(createJobBody({ maxPromptChars: 100, schemaFault: () => undefined }), body)).toEqual([sentence]),
  )
})

describe('issueSentence, for a query of GET /jobs', () => {
  it.each([
    [{ limit: '0' }, 'limit: Must be a whole number from 1 to 100'],
    [{ limit: '101' }, 'limit: Must be a whole number from 1 to 100'],
    [{ limit: '1.5' }, 'limit: Must be a whole number from 1 to 100'],
    [{ limit: 'many' }, 'limit: Must be a whole number from 1 to 100'],
    [{ limit: '' }, 'limit: Must be a whole number from 1 to 100'],
    [{ status: 'done' }, 'status: Must be one of pending, running, completed, failed, cancelled'],
    [{ cursor: '' }, 'cursor: Must not be empty'],
  ])('%j', (query, sentence) => expect(sentences(JobListQuery, query)).toEqual([sentence]))
})

it('issueSentence leaves a message of the schema as it is', () => {
  expect(sentences(StreamCursor, '-1')).toEqual([': Must be the id of a token event, a number, or "end"'])
})

it('issueSentence names the statuses of a job', () => {
  expect(sentences(Job, { status: 'done' })).toEqual([
    'status: Must be one of pending, running, completed, failed, cancelled',
  ])
})
