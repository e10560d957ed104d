import type { UIMessage } from 'ai'
import { expect, it } from 'vitest'
import type { JobUIMessage } from './answer-metadata.ts'
import { cutAnswers, noteCuts } from './cut-answers.ts'

const message = (role: UIMessage['role'], text: string, metadata?: JobUIMessage['metadata']): JobUIMessage => ({
  id: text,
  role,
  parts: [{ type: 'text', text }],
  ...(metadata && { metadata }),
})

it('cutAnswers > name the answers that were cut off, which noteCuts finds again', () => {
  const chat = [
    message('system', 'Be brief.'),
    message('user', 'One'),
    message('assistant', 'Whole', { jobId: '1', status: 'completed', finishReason: 'stop' }),
    message('user', ''),
    message('user', 'Two'),
    message('assistant', 'Stopped', { jobId: '2', status: 'cancelled' }),
    message('user', 'Three'),
    message('assistant', 'Failed', { jobId: '3', status: 'failed', error: 'Down' }),
    message('user', 'Four'),
    message('assistant', 'Long', { jobId: '4', status: 'completed', finishReason: 'length' }),
    message('user', 'Five'),
  ]
  const cuts = cutAnswers(chat)
  expect(cuts).toBe('2c 3f 4l')
  const restored = chat.filter(({ id }) => id !== '').map(({ role, id }) => message(role, id))
  noteCuts(restored, cuts)
  expect(restored.filter(({ metadata }) => metadata).map(({ id, metadata }) => [id, metadata])).toEqual([
    ['Stopped', { status: 'cancelled' }],
    ['Failed', { status: 'failed' }],
    ['Long', { status: 'completed', finishReason: 'length' }],
  ])
})

it('cutAnswers > are no longer than an entry of metadata, and name the last ones', () => {
  const turns = Array.from({ length: 300 }, (_, index) => [
    message('user', `${index}`),
    message('assistant', 'Half', { status: 'cancelled' }),
  ])
  const cuts = cutAnswers(turns.flat())
  expect(cuts.length).toBeLessThanOrEqual(512)
  expect(cuts).toMatch(/ 299c 300c$/)
})

it('cutAnswers > are none where metadata is that of others', () => {
  const others = [{ id: 'm', role: 'assistant', parts: [], metadata: 'c' } satisfies UIMessage]
  expect(cutAnswers(others)).toBe('')
  const untouched = [message('assistant', 'Whole')]
  noteCuts(untouched, 'nonsense')
  expect(untouched).toEqual([message('assistant', 'Whole')])
})
