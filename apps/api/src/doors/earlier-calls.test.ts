import { describe, expect, it } from 'vitest'
import { call, EarlierJobs } from '../../test/support/earlier-jobs.ts'
import type { StoredPart } from '../jobs/answer/stored-answer.ts'
import type { AskedAnswerPart, AskedMessage } from '../jobs/input/asked-job.ts'
import { partId } from './door-ids.ts'
import { EarlierAnswers } from './earlier-answers.ts'

const A = '0f8fad5b-d9cb-469f-a165-70867728950e'
const B = '7c9e6679-7425-40de-944b-e07fc1f90ae7'

/** A call and its result, as a client sends them back. */
function exchange(callId: string): AskedMessage[] {
  return [
    { role: 'assistant', content: [{ type: 'tool-call', callId, name: 'look', arguments: '{ }' }] },
    { role: 'tool', content: [{ type: 'tool-result', callId, content: 'Rain' }] },
  ]
}

/** The ids of the calls and of the results in messages, in order. */
function idsIn(messages: readonly AskedMessage[]): string[] {
  return messages.flatMap(({ content }) =>
    typeof content === 'string' ? [] : content.flatMap((part) => ('callId' in part ? part.callId : [])),
  )
}

const ours = (jobId: string, part = 0) => partId('call_', jobId, part)

describe('EarlierAnswers.resolve', () => {
  it('gives calls and results the ids of the vendor, and calls what the vendor wants back', async () => {
    const jobs = new EarlierJobs()
    jobs.finish(A, [{ type: 'text', length: 0 }, call('v1', 'sig'), call('v2')])
    const resolved = await new EarlierAnswers(jobs, 'ann').resolve([
      { role: 'user', content: 'Hello' },
      ...exchange(ours(A, 1)),
      ...exchange(ours(A, 2)),
    ])
    expect(resolved).toEqual([
      { role: 'user', content: 'Hello' },
      {
        role: 'assistant',
        content: [
          {
            type: 'tool-call',
            callId: 'v1',
            name: 'look',
            arguments: '{ }',
            carry: { provider: 'gemini', value: 'sig' },
          },
        ],
      },
      { role: 'tool', content: [{ type: 'tool-result', callId: 'v1', content: 'Rain' }] },
      ...exchange('v2'),
    ])
    expect(jobs.reads).toEqual([A])
  })

  it('resolves results alone, whose calls are in an earlier job', async () => {
    const jobs = new EarlierJobs()
    jobs.finish(A, [call('v1')])
    expect(idsIn(await new EarlierAnswers(jobs, 'ann').resolve(exchange(ours(A)).slice(1)))).toEqual(['v1'])
  })

  it('leaves a carry that the client sent', async () => {
    const jobs = new EarlierJobs()
    jobs.finish(A, [call('v1', 'stored')])
    const carry = { provider: 'gemini', value: 'sent' }
    const part = { type: 'tool-call' as const, callId: ours(A), name: 'look', arguments: '{}', carry }
    const [message] = await new EarlierAnswers(jobs, 'ann').resolve([{ role: 'assistant', content: [part] }])
    expect(message?.content).toEqual([{ ...part, callId: 'v1' }])
  })

  it('leaves ids of vendors, of unknown jobs, of other callers, and of parts that are no complete call', async () => {
    const jobs = new EarlierJobs()
    const cut: StoredPart = { type: 'tool-call', callId: 'v1', name: 'look', arguments: '' }
    jobs.finish(A, [{ type: 'text', length: 3 }, cut], 'One')
    const ids = ['call_abc', 'toolu_1', 'call_function_x_1', ours(B), ours(A, 0), ours(A, 1), ours(A, 9)]
    const messages = ids.flatMap(exchange)
    expect(await new EarlierAnswers(jobs, 'ann').resolve(messages)).toEqual(messages)
    jobs.finish(A, [call('v1')])
    expect(await new EarlierAnswers(jobs, 'bob').resolve(exchange(ours(A)))).toEqual(exchange(ours(A)))
  })

  it('keeps our id for the later of two calls that their vendors gave one id, with its result', async () => {
    const jobs = new EarlierJobs()
    jobs.finish(A, [call('0', 'a')])
    jobs.finish(B, [call('0', 'b')])
    const [a, b] = [ours(A), ours(B)]
    const resolved = await new EarlierAnswers(jobs, 'ann').resolve([...exchange(a), ...exchange(b), ...exchange(a)])
    expect(idsIn(resolved)).toEqual(['0', '0', b, b, '0', '0'])
    expect(resolved[2]?.content).toMatchObject([{ carry: { value: 'b' } }])
  })

  it('keeps our id where a call of the request has the id of the vendor already', async () => {
    const jobs = new EarlierJobs()
    jobs.finish(A, [call('0')])
    const resolved = await new EarlierAnswers(jobs, 'ann').resolve([...exchange(ours(A)), ...exchange('0')])
    expect(idsIn(resolved)).toEqual([ours(A), ours(A), '0', '0'])
  })

  it('takes the id of the item for the id of the call', async () => {
    const jobs = new EarlierJobs()
    jobs.finish(A, [call('0')])
    jobs.finish(B, [call('0')])
    const results = exchange(partId('fc_', B, 0)).slice(1)
    const asked = [...exchange(ours(A)), ...exchange(ours(B)), ...results]
    const resolved = await new EarlierAnswers(jobs, 'ann').resolve(asked)
    expect(idsIn(resolved)).toEqual(['0', '0', ours(B), ours(B), ours(B)])
  })

  describe('gives an answer that called tools its reasoning', () => {
    const reasoning: StoredPart = { type: 'reasoning', text: 'Hm.', carry: 'sig' }
    const restored = { type: 'reasoning', text: 'Hm.', carry: { provider: 'gemini', value: 'sig' } }
    const text = (words: string) => ({ type: 'text' as const, text: words })
    const sent = (callId: string) => ({ type: 'tool-call' as const, callId, name: 'look', arguments: '{ }' })
    const resolve = async (jobs: EarlierJobs, ...messages: AskedMessage[]) =>
      (await new EarlierAnswers(jobs, 'ann').resolve(messages)).map(({ content }) => content)
    const answer = (...content: AskedAnswerPart[]): AskedMessage => ({ role: 'assistant', content })
    const aJob = () => {
      const jobs = new EarlierJobs()
      const parts: StoredPart[] = [reasoning, { type: 'text', length: 5 }, call('v1'), reasoning, call('v2', 'b')]
      jobs.finish(A, parts, 'Well.')
      return jobs
    }
    const [first, second] = [sent(ours(A, 2)), sent(ours(A, 4))]

    it('where it stood, with the calls as the client sent them', async () => {
      const [content] = await resolve(aJob(), answer(text('We'), text('ll.'), first, second))
      const calls = [sent('v1'), { ...sent('v2'), carry: { provider: 'gemini', value: 'b' } }]
      expect(content).toEqual([restored, text('Well.'), calls[0], restored, calls[1]])
    })

    it('once, if the client sends the answer twice', async () => {
      const message = answer(text('Well.'), first, second)
      const contents = await resolve(aJob(), message, message)
      expect(contents.map(({ length }) => length)).toEqual([5, 3])
    })

    it.each([
      ['another text', answer(text('Well?'), first, second)],
      ['a call less', answer(text('Well.'), first)],
      ['calls in another order', answer(text('Well.'), second, first)],
      ['another call', answer(text('Well.'), first, second, sent('foreign'))],
    ])('but not if the message has %s', async (_, message) => {
      const [content] = await resolve(aJob(), message)
      expect(content).toHaveLength(message.content.length)
    })

    it('but not if the client sends reasoning itself', async () => {
      const own = answer({ type: 'reasoning', text: 'Hm.' })
      const contents = await resolve(aJob(), own, answer(text('Well.'), first, second))
      expect(contents.map(({ length }) => length)).toEqual([1, 3])
    })
  })

  it('resolves calls of more long answers than it keeps', async () => {
    const jobs = new EarlierJobs()
    const ids = Array.from({ length: 12 }, (_, index) => A.slice(0, -2) + String(index).padStart(2, '0'))
    const text = 'a'.repeat(10 * 1024 * 1024)
    for (const [index, id] of ids.entries())
      jobs.finish(id, [{ type: 'text', length: text.length }, call(`v${index}`)], text)
    const resolved = await new EarlierAnswers(jobs, 'ann').resolve(ids.flatMap((id) => exchange(ours(id, 1))))
    expect(idsIn(resolved)).toEqual(ids.flatMap((_, index) => [`v${index}`, `v${index}`]))
  })

  it('reads each job of a long history once, also those of which parts were taken', async () => {
    const jobs = new EarlierJobs()
    const ids = Array.from({ length: 60 }, (_, index) => A.slice(0, -2) + String(index).padStart(2, '0'))
    for (const [index, id] of ids.entries()) jobs.finish(id, [call(`v${index}a`), call(`v${index}b`)])
    const earlier = new EarlierAnswers(jobs, 'ann')
    for (const id of ids) await earlier.part(id, 0)
    const messages = ids.flatMap((id) => [...exchange(ours(id, 0)), ...exchange(ours(id, 1))])
    const resolved = await earlier.resolve(messages)
    expect(idsIn(resolved)).toEqual(ids.flatMap((_, n) => [`v${n}a`, `v${n}a`, `v${n}b`, `v${n}b`]))
    expect(jobs.reads).toEqual(ids)
  })
})
