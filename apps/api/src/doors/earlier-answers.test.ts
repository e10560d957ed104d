import { describe, expect, it } from 'vitest'
import { call, EarlierJobs } from '../../test/support/earlier-jobs.ts'
import { ApiError } from '../base/api-error.ts'
import type { StoredPart } from '../jobs/answer/stored-answer.ts'
import type { AskedMessage } from '../jobs/input/asked-job.ts'
import { finishJob } from '../jobs/job.ts'
import { partId } from './door-ids.ts'
import { EarlierAnswers } from './earlier-answers.ts'

const A = '0f8fad5b-d9cb-469f-a165-70867728950e'
const B = '7c9e6679-7425-40de-944b-e07fc1f90ae7'
const LONG = 'long '.repeat(300)
const RESULT: AskedMessage[] = [
  { role: 'tool', content: [{ type: 'tool-result', callId: partId('call_', A, 0), content: 'Rain' }] },
]

describe('EarlierAnswers.part', () => {
  it('gives each part of an answer, with the provider of what its vendor wants back', async () => {
    const jobs = new EarlierJobs()
    const parts: StoredPart[] = [
      { type: 'reasoning', text: 'Hm.', carry: { signature: 'sig' } },
      { type: 'text', length: 3 },
      { type: 'refusal', text: 'No.' },
      { type: 'text', length: 2, carry: 'text sig' },
      call('v1'),
    ]
    jobs.finish(A, parts, 'One2.')
    const earlier = new EarlierAnswers(jobs, 'ann')
    const all = await Promise.all(parts.map((_, index) => earlier.part(A, index)))
    expect(all).toEqual([
      { type: 'reasoning', text: 'Hm.', carry: { provider: 'gemini', value: { signature: 'sig' } } },
      { type: 'text', text: 'One' },
      { type: 'refusal', text: 'No.' },
      { type: 'text', text: '2.', carry: { provider: 'gemini', value: 'text sig' } },
      { type: 'tool-call', callId: 'v1', name: 'look', arguments: '{}' },
    ])
    expect(jobs.reads).toEqual([A])
  })

  it('gives the text of an answer that is one text', async () => {
    const jobs = new EarlierJobs()
    const job = jobs.ask(A)
    const { parts: _, ...text } = { ...job, result: 'Well.', parts: undefined }
    jobs.get = async () => finishJob(job, text, { status: 'completed' }, 2)
    expect(await new EarlierAnswers(jobs, 'ann').part(A, 0)).toEqual({ type: 'text', text: 'Well.' })
  })

  it('finds none beyond the last part, of other callers, of waiting jobs, and of jobs that are gone', async () => {
    const jobs = new EarlierJobs()
    jobs.finish(A, [call('v1')])
    jobs.ask(B)
    expect(await new EarlierAnswers(jobs, 'ann').part(A, 1)).toBeUndefined()
    expect(await new EarlierAnswers(jobs, 'bob').part(A, 0)).toBeUndefined()
    expect(await new EarlierAnswers(jobs, 'ann').part(B, 0)).toBeUndefined()
    expect(await new EarlierAnswers(jobs, 'ann').part('gone', 0)).toBeUndefined()
  })

  it('finds no call that was cut off, and nothing that a running job may go on with', async () => {
    const jobs = new EarlierJobs()
    const cut: StoredPart = { type: 'tool-call', callId: 'v1', name: 'look', arguments: '{"a' }
    jobs.finish(A, [{ type: 'reasoning', text: 'Hm.' }, cut])
    jobs.run(B, [call('v1'), { type: 'text', length: 3 }], 'One')
    const earlier = new EarlierAnswers(jobs, 'ann')
    expect(await earlier.part(A, 0)).toMatchObject({ text: 'Hm.' })
    expect(await earlier.part(A, 1)).toBeUndefined()
    expect(await earlier.part(B, 0)).toMatchObject({ callId: 'v1' })
    expect(await earlier.part(B, 1)).toBeUndefined()
  })

  it('passes on that the store is away', async () => {
    const away = new ApiError('storage-unavailable', 'The store is away.')
    const jobs = { get: () => Promise.reject(away), getItem: () => Promise.reject(away) }
    const earlier = new EarlierAnswers(jobs, 'ann')
    await expect(earlier.part(A, 0)).rejects.toBe(away)
    await expect(earlier.resolve(RESULT)).rejects.toBe(away)
  })
})

describe('EarlierAnswers.message', () => {
  const carry = { provider: 'anthropic', value: { signature: LONG } }
  const MESSAGES: AskedMessage[] = [
    { role: 'system', content: [{ type: 'text', text: LONG }] },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image', mediaType: 'image/png', data: 'iVBORw==' },
        { type: 'file', url: 'https://example.com/a.pdf', name: 'a.pdf' },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: LONG, carry },
        { type: 'refusal', text: 'No.' },
        { type: 'tool-call', callId: 'c1', name: 'look', arguments: LONG, carry: { provider: 'gemini', value: 'sig' } },
      ],
    },
    { role: 'tool', content: [{ type: 'tool-result', callId: 'c1', content: [{ type: 'text', text: LONG }] }] },
  ]

  it('gives each message of the input as it was asked, with its items and carries', async () => {
    const jobs = new EarlierJobs()
    jobs.finish(A, [], '', { messages: MESSAGES })
    const earlier = new EarlierAnswers(jobs, 'ann')
    for (const [index, message] of MESSAGES.entries()) expect(await earlier.message(A, index)).toEqual(message)
    expect(await earlier.message(A, MESSAGES.length)).toBeUndefined()
  })

  it('leaves out a carry whose item the store does not give, and nothing else', async () => {
    const jobs = new EarlierJobs()
    jobs.finish(A, [], '', { messages: [{ role: 'assistant', content: [{ type: 'reasoning', text: 'Hm.', carry }] }] })
    jobs.getItem = () => Promise.reject(new ApiError('item-not-found', 'The job has no item with this id.'))
    const message = await new EarlierAnswers(jobs, 'ann').message(A, 0)
    expect(message).toEqual({ role: 'assistant', content: [{ type: 'reasoning', text: 'Hm.' }] })
  })

  it('gives the prompt as the message 0 of the user, also of a waiting job', async () => {
    const jobs = new EarlierJobs()
    jobs.ask(A, { prompt: 'Hello' })
    const earlier = new EarlierAnswers(jobs, 'ann')
    expect(await earlier.message(A, 0)).toEqual({ role: 'user', content: 'Hello' })
    expect(await earlier.message(A, 1)).toBeUndefined()
  })

  it('finds none of other callers, and of jobs that are gone', async () => {
    const jobs = new EarlierJobs()
    jobs.finish(A, [], '', { messages: MESSAGES })
    expect(await new EarlierAnswers(jobs, 'bob').message(A, 0)).toBeUndefined()
    expect(await new EarlierAnswers(jobs, 'ann').message(B, 0)).toBeUndefined()
  })
})
