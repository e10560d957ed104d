import fc from 'fast-check'
import { expect, it } from 'vitest'
import { answerOf, randomPieces } from '../../../test/support/random-answer.ts'
import { cases } from '../../../test/support/rounds.ts'
import { inputSize } from '../cost/input-size.ts'
import type { AskedMessage } from '../input/asked-job.ts'
import { readConversation } from '../input/conversation.ts'
import { turnOf } from '../input/earlier-turns.ts'
import { requestOf } from '../input/job-request.ts'
import { finishJob, newJob, startJob } from '../job.ts'
import { readOneByOne } from '../ports/read-one-by-one.ts'
import { mostInputTokens } from './input-tokens.ts'
import { requestSize } from './request-size.ts'

const CHOICE = { provider: 'acme', model: 'mini' }
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3_000 })
const image = fc.constant({ type: 'image', mediaType: 'image/png', data: 'aGVsbG8=' } as const)
const userPart = fc.oneof(
  text.map((each) => ({ type: 'text', text: each }) as const),
  image,
)
const message: fc.Arbitrary<AskedMessage> = fc.oneof(
  text.map((content) => ({ role: 'user', content }) as const),
  fc.array(userPart, { minLength: 1, maxLength: 4 }).map((content) => ({ role: 'user', content }) as const),
  text.map((given) => ({
    role: 'assistant' as const,
    content: [{ type: 'tool-call' as const, callId: 'a', name: 'look', arguments: JSON.stringify({ given }) }],
  })),
  text.map((content) => ({ role: 'tool' as const, content: [{ type: 'tool-result' as const, callId: 'a', content }] })),
)
const conversation = fc.array(message, { minLength: 1, maxLength: 5 })

// A job that was accepted must not find out when it runs that it cannot afford its input.
it('requestSize > is at least the size of what the vendor is sent, for any conversation', async () => {
  await fc.assert(
    fc.asyncProperty(conversation, conversation, randomPieces, async (before, messages, pieces) => {
      const [first, next] = [before, messages].map((asked) => requestOf({ ...CHOICE, messages: asked }))
      if (!first || !next) throw new Error('There are two requests')
      const running = startJob(newJob('first', first.request, 0), 0)
      const earlier = finishJob(running, { ...running, ...answerOf(pieces).answer.stored }, { status: 'completed' }, 0)
      const job = newJob('next', { ...next.request, previousJobId: 'first' }, 0)
      const items = new Map([...first.items, ...next.items].map(({ id, bytes }) => [id, bytes]))
      const store = readOneByOne({ find: async () => earlier, findItem: async (id) => items.get(id) })
      const sent = inputSize(await readConversation(job, store, CHOICE.provider), undefined)
      const known = requestSize(next.request, [turnOf(earlier)])
      expect(known.images).toBe(sent.images)
      expect(mostInputTokens(known)).toBeGreaterThanOrEqual(mostInputTokens(sent))
    }),
    cases(100),
  )
})
