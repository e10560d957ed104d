import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { append } from '../../test/support/append-token.ts'
import { TokenWriter, type WrittenMessage } from './token-writer.ts'

/** A writer with a record of the messages that it sent. The test decides whether sending succeeds. */
function newWriter() {
  const sent: WrittenMessage[][] = []
  const state = { isAway: false, failures: 0, overflows: 0 }
  const writer = new TokenWriter({
    send: async (messages) => {
      if (state.isAway) throw new Error('away')
      sent.push([...messages])
    },
    onFailure: () => state.failures++,
    onOverflow: () => state.overflows++,
  })
  return { writer, sent, state }
}

describe('TokenWriter', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] }))
  afterEach(() => void vi.useRealTimers())

  it('sends a token at once after an idle time, and the tokens of the next 5 ms together', async () => {
    const { writer, sent } = newWriter()
    append(writer, 'a', 'Once')
    await vi.advanceTimersByTimeAsync(0)
    expect(sent).toEqual([[{ jobId: 'a', run: 1, message: '0["Once"]' }]])
    append(writer, 'a', ' upon')
    append(writer, 'b', 'x')
    await vi.advanceTimersByTimeAsync(1)
    append(writer, 'a', ' a')
    await vi.advanceTimersByTimeAsync(5)
    expect(sent.slice(1)).toEqual([
      [
        { jobId: 'a', run: 1, message: '4[" upon"," a"]' },
        { jobId: 'b', run: 1, message: '0["x"]' },
      ],
    ])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('sends the later tokens of many jobs every 20 ms, but a first token and an end within 5 ms', async () => {
    const { writer, sent } = newWriter()
    for (let job = 0; job < 20; job++) append(writer, `job-${job}`, 'Once')
    await vi.advanceTimersByTimeAsync(0)
    expect(sent).toHaveLength(1)
    append(writer, 'job-0', ' upon')
    await vi.advanceTimersByTimeAsync(19)
    expect(sent).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(sent[1]).toEqual([{ jobId: 'job-0', run: 1, message: '4[" upon"]' }])
    for (let job = 1; job < 20; job++) append(writer, `job-${job}`, ' upon')
    await vi.advanceTimersByTimeAsync(5)
    append(writer, 'job-0', ' a')
    append(writer, 'later', 'x')
    await vi.advanceTimersByTimeAsync(5)
    expect(sent[3]).toEqual([
      { jobId: 'job-0', run: 1, message: '9[" a"]' },
      { jobId: 'later', run: 1, message: '0["x"]' },
    ])
    for (let job = 1; job < 20; job++) append(writer, `job-${job}`, ' a')
    await vi.advanceTimersByTimeAsync(5)
    append(writer, 'job-1', ' time')
    writer.end('job-0', 1)
    await vi.advanceTimersByTimeAsync(5)
    expect(sent[5]?.at(-1)).toEqual({ jobId: 'job-0', run: 1, message: 'end11' })
  })

  it('tries again 200 ms after a failure, also when a job begins or ends', async () => {
    const { writer, state } = newWriter()
    state.isAway = true
    append(writer, 'a', 'Once')
    await vi.advanceTimersByTimeAsync(100)
    append(writer, 'b', 'x')
    writer.end('a', 1)
    await vi.advanceTimersByTimeAsync(99)
    expect(state.failures).toBe(1)
    await vi.advanceTimersByTimeAsync(2)
    expect(state.failures).toBe(2)
  })

  it('sends the end behind the last token, also for a job without tokens', async () => {
    const { writer, sent } = newWriter()
    append(writer, 'a', 'Once')
    writer.end('a', 1)
    writer.end('never begun', 1)
    await vi.advanceTimersByTimeAsync(10)
    expect(sent.flat()).toEqual([
      { jobId: 'a', run: 1, message: '0["Once"]' },
      { jobId: 'a', run: 1, message: 'end4' },
      { jobId: 'never begun', run: 1, message: 'end' },
    ])
  })

  it('sends tokens again after a failure, before newer tokens', async () => {
    const { writer, sent, state } = newWriter()
    state.isAway = true
    append(writer, 'a', 'Once')
    await vi.advanceTimersByTimeAsync(300)
    append(writer, 'a', ' upon')
    writer.end('a', 1)
    state.isAway = false
    await vi.advanceTimersByTimeAsync(300)
    expect(state.failures).toBeGreaterThan(1)
    expect(sent.flat()).toEqual([
      { jobId: 'a', run: 1, message: '0["Once"," upon"]' },
      { jobId: 'a', run: 1, message: 'end9' },
    ])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('drops the waiting tokens when they become too many, and later messages show the gap', async () => {
    const { writer, sent, state } = newWriter()
    state.isAway = true
    for (let count = 0; count < 9; count++) {
      append(writer, 'a', 'x'.repeat(1_000_000))
      await vi.advanceTimersByTimeAsync(300)
    }
    expect(state.overflows).toBe(1)
    state.isAway = false
    append(writer, 'a', 'later')
    await vi.advanceTimersByTimeAsync(300)
    expect(sent.flat()).toEqual([{ jobId: 'a', run: 1, message: '9000000["later"]' }])
  })

  it('sends the waiting tokens in one attempt when it stops', async () => {
    const { writer, sent, state } = newWriter()
    append(writer, 'a', 'Once')
    await writer.stop()
    expect(sent.flat()).toHaveLength(1)
    state.isAway = true
    append(writer, 'a', ' upon')
    await writer.stop()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(state.failures).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })
})
