import { expect, it } from 'vitest'
import { endedJob } from '../../../test/support/ended-job.ts'
import { forkDraft, rerunDraft } from './job-of-job.ts'

const webhook = { url: 'https://example.com/hook' }

it('a job of a job tells the same receiver of its end, another one, or none', () => {
  const source = endedJob(['Well.'], { webhook, maxCostUsd: 1 })
  expect(rerunDraft(source, {}).request).toMatchObject({ webhook, maxCostUsd: 1 })
  const other = { url: 'https://example.com/other' }
  expect(forkDraft(source, { at: 2, webhook: other, maxCostUsd: 2 }).request).toMatchObject({
    webhook: other,
    maxCostUsd: 2,
  })
  const { request } = rerunDraft(source, { webhook: null, maxCostUsd: null })
  expect([request.webhook, request.maxCostUsd]).toEqual([undefined, undefined])
})

it('a fork has what vendors want back with the messages before, and with its answer behind them', () => {
  const carries = [{ message: 0, part: 0, provider: 'gemini', json: '"g"' }]
  const messages = [{ role: 'assistant' as const, content: [{ type: 'text' as const, text: 'Hi' }] }]
  const source = endedJob([{ type: 'text', text: 'Well.', carry: 'o' }], { messages, carries })
  const { request } = forkDraft(source, { at: 'end', prompt: 'And?' })
  expect(request.messages).toEqual([
    ...messages,
    { role: 'assistant', content: [{ type: 'text', text: 'Well.' }] },
    { role: 'user', content: 'And?' },
  ])
  expect(request.carries).toEqual([...carries, { message: 1, part: 0, provider: 'openai', json: '"o"' }])
  expect(forkDraft(source, { at: 4 }).request.carries).toEqual(carries)
})
