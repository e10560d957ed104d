import { describe, expect, it } from 'vitest'
import { createJobBody, isFinal, Job, JobListQuery, JobOptions, StreamCursor } from './index.ts'

const base = {
  id: '1',
  prompt: 'Hello',
  provider: 'echo',
  model: 'echo',
  createdAt: '2026-01-02T03:04:05.678Z',
  updatedAt: '2026-01-02T03:04:05.678Z',
}
const metrics = { durationMs: 1, tokenCount: 1, ttftMs: null, queuedMs: 0, attempts: 1 }
const error = { code: 'internal', message: 'It failed.', retryable: false }

describe('Job', () => {
  it.each([
    ['pending', {}, false],
    ['running', { result: '', metrics }, false],
    ['completed', { result: 'Hello', metrics }, true],
    ['failed', { result: 'Hel', metrics, error }, true],
    ['cancelled', { result: 'Hel', metrics }, true],
  ])('that is %s has the fields of its status', (status, more, final) => {
    const job = Job.parse({ ...base, status, ...more })
    expect(job).toEqual({ ...base, status, ...more })
    expect(isFinal(job)).toBe(final)
  })

  it.each([
    ['completed', {}],
    ['completed', { result: 'Hello' }],
    ['failed', { result: '', metrics }],
    ['done', { result: '', metrics }],
  ])('that is %s is refused when fields of its status are missing', (status, more) => {
    expect(Job.safeParse({ ...base, status, ...more }).success).toBe(false)
  })
})

describe('StreamCursor', () => {
  it.each([
    ['0', 0],
    ['42', 42],
    ['999999999999999', 999_999_999_999_999],
    ['end', 'end'],
  ])('reads %s', (text, cursor) => expect(StreamCursor.parse(text)).toBe(cursor))

  it.each(['', '-1', '+1', '1.0', '0x1', ' 1', '1 ', 'End', '1000000000000000'])('refuses "%s"', (text) => {
    expect(StreamCursor.safeParse(text).success).toBe(false)
  })
})

describe('createJobBody', () => {
  it('counts a prompt in code points, as JSON Schema does', () => {
    const body = createJobBody({ maxPromptChars: 2, schemaFault: () => undefined })
    expect(body.safeParse({ prompt: '🙂🙂', provider: 'echo', model: 'echo' }).success).toBe(true)
    expect(body.safeParse({ prompt: '🙂🙂.', provider: 'echo', model: 'echo' }).success).toBe(false)
  })
})

describe('options.vendor', () => {
  const nested = (levels: number): object => (levels === 0 ? {} : { inner: nested(levels - 1) })
  it.each<[object, boolean]>([
    [{ cache_control: { type: 'ephemeral', ttl: '1h' }, top_k: 5, none: null }, true],
    [nested(15), true],
    [nested(16), false],
    [{ text: 'x'.repeat(16_373) }, true],
    [{ text: 'x'.repeat(16_374) }, false],
    [[], false],
  ])('is an object that is neither long nor deep (case %#)', (vendor, isValid) => {
    expect(JobOptions.safeParse({ vendor }).success).toBe(isValid)
  })
})

describe('JobListQuery', () => {
  it('has a default limit and reads a limit from its digits', () => {
    expect(JobListQuery.parse({})).toEqual({ limit: 20 })
    expect(JobListQuery.parse({ limit: '100', status: 'failed' })).toEqual({ limit: 100, status: 'failed' })
  })

  it.each([{ limit: '0' }, { limit: '101' }, { limit: '1.5' }, { status: 'done' }, { provider: '' }, { page: '2' }])(
    'refuses %j',
    (query) => expect(JobListQuery.safeParse(query).success).toBe(false),
  )
})
