import { createHash } from 'node:crypto'
import { createJobBody, ShownMessage } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { fingerprint } from '../fingerprint.ts'
import type { AskedAnswerPart, AskedJob } from './asked-job.ts'
import { requestOf } from './job-request.ts'
import { requestFingerprint } from './request-fingerprint.ts'

const CARRY = { provider: 'anthropic', value: { type: 'thinking', signature: 'sig' } }
const LONG = 'long '.repeat(300)

function asked(...content: AskedAnswerPart[]): AskedJob {
  const question = { role: 'user' as const, content: 'Hello' }
  return { provider: 'echo', model: 'echo', messages: [question, { role: 'assistant', content }] }
}

function itemOf(text: string) {
  return { item: createHash('sha256').update(text).digest('hex'), bytes: Buffer.byteLength(text) }
}

describe('requestOf', () => {
  it('keeps carries beside the messages, with the indexes of message and part', () => {
    const text: AskedAnswerPart = { type: 'text', text: 'Well.' }
    const { request, items } = requestOf(asked({ type: 'reasoning', text: 'Hm.', carry: CARRY }, text))
    expect(request).toEqual({
      provider: 'echo',
      model: 'echo',
      prompt: 'Hello',
      messages: [
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: [{ type: 'reasoning', text: 'Hm.' }, text] },
      ],
      carries: [{ message: 1, part: 0, provider: 'anthropic', json: JSON.stringify(CARRY.value) }],
    })
    expect(items).toEqual([])
  })

  it('shows no carry with any kind of part', () => {
    const { request } = requestOf(
      asked(
        { type: 'text', text: 'a', carry: CARRY },
        { type: 'refusal', text: 'b', carry: CARRY },
        { type: 'tool-call', callId: 'c', name: 'look', arguments: '{}', carry: CARRY },
        { type: 'reasoning', text: '', carry: CARRY },
      ),
    )
    expect(JSON.stringify(request.messages)).not.toContain('sig')
    expect(request.carries?.map(({ part }) => part)).toEqual([0, 1, 2, 3])
  })

  it('makes items of reasoning, refusals and carries from 1 KB, each once', () => {
    const value = 's'.repeat(1_022)
    const { request, items } = requestOf(
      asked(
        { type: 'reasoning', text: LONG, carry: { provider: 'openai', value } },
        { type: 'refusal', text: LONG, carry: { provider: 'openai', value: value.slice(1) } },
      ),
    )
    const json = JSON.stringify(value)
    expect(request.messages?.[1]?.content).toEqual([
      { type: 'reasoning', ...itemOf(LONG) },
      { type: 'refusal', ...itemOf(LONG) },
    ])
    expect(request.carries).toEqual([
      { message: 1, part: 0, provider: 'openai', json: { type: 'text', ...itemOf(json) } },
      { message: 1, part: 1, provider: 'openai', json: JSON.stringify(value.slice(1)) },
    ])
    expect(items).toEqual([LONG, json].map((text) => ({ id: itemOf(text).item, bytes: Buffer.from(text) })))
    expect(request.messages?.map((message) => ShownMessage.parse(message))).toEqual(request.messages)
  })

  it('has no carries where none was asked', () => {
    expect(requestOf(asked({ type: 'text', text: 'a' })).request).not.toHaveProperty('carries')
    expect(requestOf({ provider: 'echo', model: 'echo', prompt: 'Hi' }).request).toEqual({
      provider: 'echo',
      model: 'echo',
      prompt: 'Hi',
    })
  })
})

describe('requestFingerprint', () => {
  const of = (job: AskedJob) => requestFingerprint(job, requestOf(job).request)
  const part: AskedAnswerPart = { type: 'reasoning', text: 'Hm.' }

  it('differs for another carry, another provider of it, and none', () => {
    const other = { ...CARRY, value: { ...CARRY.value, signature: 'other' } }
    const carries = [CARRY, other, { ...CARRY, provider: 'openai' }, undefined]
    expect(new Set(carries.map((carry) => of(asked({ ...part, carry })))).size).toBe(carries.length)
    expect(of(asked({ ...part, carry: CARRY }))).toBe(of(asked({ ...part, carry: CARRY })))
  })

  it('is that of earlier versions for native requests', () => {
    const schema = createJobBody({ maxPromptChars: 100_000, schemaFault: () => undefined })
    const body = schema.parse({ model: 'echo', messages: [{ role: 'user', content: LONG }], provider: 'echo' })
    expect(of(body)).toBe(fingerprint({ ...body, messages: requestOf(body).request.messages }))
    const prompt = schema.parse({ provider: 'echo', model: 'echo', prompt: 'Hi' })
    expect(of(prompt)).toBe(fingerprint(prompt))
  })
})
