import type { ShownMessage } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { aJob } from '../../test/contracts/stored-job.ts'
import { type StoredPendingJob, startJob } from './job.ts'
import { recordVersionOf } from './record-version.ts'

const saying = (...content: Exclude<ShownMessage['content'], string>): StoredPendingJob => ({
  ...aJob('a'),
  messages: [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content },
  ],
})

describe('the version of a record', () => {
  it('is 1 for a prompt and an answer of text, also of a door', () => {
    expect(recordVersionOf(aJob('a'))).toBe(1)
    const running = startJob(aJob('a'), 0)
    expect(recordVersionOf({ ...running, parts: undefined })).toBe(1)
    const made = { door: { name: 'openai-chat' }, requestDigest: 'x', client: { process: 'one' } } as const
    expect(recordVersionOf({ ...aJob('a'), ...made })).toBe(1)
  })

  it('is 2 with messages, a conversation, parts and later options', () => {
    for (const job of [
      saying({ type: 'text', text: 'Hi' }, { type: 'tool-call', callId: 'c', name: 'f', arguments: '{}' }),
      { ...aJob('a'), previousJobId: 'b' },
      { ...aJob('a'), options: { topP: 0.5 } },
      { ...startJob(aJob('a'), 0), parts: [{ type: 'reasoning' as const, text: 'hm' }] },
    ])
      expect(recordVersionOf(job)).toBe(2)
  })

  it('is 3 with carries, a time to be removed, and reasoning or refusals among the messages', () => {
    for (const job of [
      { ...aJob('a'), carries: [{ message: 0, part: 0, provider: 'openai', json: '"x"' }] },
      { ...aJob('a'), deleteAfter: '2026-11-27T10:00:00.000Z' },
      saying({ type: 'reasoning', text: 'hm' }),
      saying({ type: 'text', text: 'Hi' }, { type: 'refusal', text: 'no' }),
      saying({ type: 'reasoning', item: '0'.repeat(64), bytes: 2_000 }),
    ])
      expect(recordVersionOf(job)).toBe(3)
  })

  it('is 4 with fallbacks, and needs no later version for what only a job that goes on has', () => {
    const fallbacks = [{ provider: 'openai', model: 'gpt' }]
    expect(recordVersionOf({ ...aJob('a'), fallbacks })).toBe(4)
    expect(recordVersionOf({ ...saying({ type: 'reasoning', text: 'hm' }), fallbacks })).toBe(4)
    const until = '2026-11-27T10:00:00.000Z'
    const waiting = {
      waitingFor: { reason: 'overload', until },
      runState: { attempts: 1 },
      watchedUntil: until,
    } as const
    expect(recordVersionOf({ ...aJob('a'), ...waiting })).toBe(1)
  })
  it('is 6 with a shared history, whatever else there is', () => {
    const shared = { ...aJob('a'), history: [{ item: '0'.repeat(64), bytes: 1 }], maxCostUsd: 1 }
    expect(recordVersionOf(shared)).toBe(6)
  })
})
