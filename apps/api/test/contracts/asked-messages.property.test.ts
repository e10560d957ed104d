import type { ContentPart } from '@promptlab/contract'
import type { JsonValue } from '@promptlab/providers'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { AskedAnswerPart, AskedMessage } from '../../src/jobs/input/asked-job.ts'
import { readConversation } from '../../src/jobs/input/conversation.ts'
import { requestOf } from '../../src/jobs/input/job-request.ts'
import { finishJob, type JobProgress, newJob, StoredJob, type StoredPendingJob, startJob } from '../../src/jobs/job.ts'
import { readOneByOne } from '../../src/jobs/ports/read-one-by-one.ts'
import type { Item } from '../../src/jobs/ports/stored-values.ts'
import { cases } from '../support/rounds.ts'

/** Any code units, and texts on both sides of the size from which they are kept as items. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('', '\ud83d', 'a'.repeat(1_023), 'b'.repeat(1_024), '€'.repeat(342), `${'c'.repeat(1_024)}\ude00`),
)
const base64 = fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('base64'))
const userPart: fc.Arbitrary<Extract<ContentPart, { type: 'text' | 'image' | 'file' }>> = fc.oneof(
  fc.record({ type: fc.constant('text'), text }),
  fc.record({ type: fc.constant('image'), mediaType: fc.constantFrom('image/png', 'image/webp'), data: base64 }),
  fc.record({ type: fc.constant('image'), url: fc.constant('https://example.com/a.png') }),
  fc.record({
    type: fc.constant('file'),
    mediaType: fc.constant('application/pdf'),
    data: base64,
    name: fc.constant('a.pdf'),
  }),
)
/** Any JSON that comes back from its text as it was, which -0 does not. */
const json: fc.Arbitrary<JsonValue> = fc.oneof(
  text,
  fc.constantFrom(null, false, 0),
  fc.dictionary(fc.constantFrom('signature', 'data', 'id'), fc.oneof(text, fc.nat(), fc.array(text, { maxLength: 2 }))),
)
const carry = fc.option(fc.record({ provider: fc.constantFrom('one', 'two'), value: json }), { nil: undefined })
const answerPart: fc.Arbitrary<AskedAnswerPart> = fc.oneof(
  fc.record({ type: fc.constantFrom('text', 'reasoning', 'refusal'), text, carry }),
  fc.record({ type: fc.constant('tool-call'), callId: fc.uuid(), name: fc.constant('look'), arguments: text, carry }),
)
const partsOf = <Part>(part: fc.Arbitrary<Part>) => fc.array(part, { minLength: 1, maxLength: 4 })
const message: fc.Arbitrary<AskedMessage> = fc.oneof(
  fc.record({ role: fc.constantFrom('system', 'user', 'assistant'), content: text }),
  fc.record({ role: fc.constant('user'), content: partsOf(userPart) }),
  fc.record({ role: fc.constant('assistant'), content: partsOf(answerPart) }),
  fc.record({
    role: fc.constant('tool'),
    content: partsOf(
      fc.record({
        type: fc.constant('tool-result'),
        callId: fc.uuid(),
        content: fc.oneof(text, partsOf(userPart)),
      }),
    ),
  }),
)
const messages = fc.array(message, { minLength: 1, maxLength: 5 })

const ANSWER: Pick<JobProgress, 'result' | 'parts'> = {
  result: 'Well.',
  parts: [
    { type: 'reasoning', text: 'Hm.', carry: 'sig' },
    { type: 'text', length: 5 },
  ],
}

/** What a provider gets of messages. */
function given(asked: readonly AskedMessage[], provider: string): object[] {
  return asked.map(({ role, content }) => ({
    role,
    content: partsIn(content).map((part) => givenPart(part, provider)),
  }))
}

type Part = ContentPart | AskedAnswerPart

function partsIn(content: string | readonly Part[]): readonly Part[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}

function givenPart(part: Part, provider: string): object {
  if (part.type === 'tool-result') return { ...part, content: partsIn(part.content) }
  const { carry, ...rest } = { carry: undefined, ...part }
  // A refusal goes back as text, for which vendors want nothing.
  return carry?.provider === provider && part.type !== 'refusal' ? { ...rest, carry: carry.value } : rest
}

/** The jobs and items that were stored, as they come back from any store. */
class Stored {
  readonly #jobs = new Map<string, string>()
  readonly #items = new Map<string, Uint8Array>()

  add(job: StoredJob, items: readonly Item[]): void {
    this.#jobs.set(job.id, JSON.stringify(job))
    for (const { id, bytes } of items) this.#items.set(id, bytes)
  }

  async find(id: string): Promise<StoredJob | undefined> {
    const text = this.#jobs.get(id)
    return text === undefined ? undefined : StoredJob.parse(JSON.parse(text))
  }

  async findItem(id: string): Promise<Uint8Array | undefined> {
    return this.#items.get(id)
  }

  async ask(id: string, provider: string, asked: AskedMessage[], previousJobId?: string): Promise<StoredPendingJob> {
    const previous = previousJobId !== undefined && { previousJobId }
    const { request, items } = requestOf({ provider, model: 'm', messages: asked, ...previous })
    const job = newJob(id, request, 0)
    this.add(job, items)
    return job
  }
}

it('a provider gets the messages of a job as they were asked, with what it gave itself, and with nothing of others', async () => {
  const property = fc.asyncProperty(messages, fc.constantFrom('one', 'two', 'three'), async (asked, provider) => {
    const stored = new Stored()
    const job = await stored.ask('job', provider, asked)
    expect(await readConversation(job, readOneByOne(stored), provider)).toEqual(given(asked, provider))
  })
  await fc.assert(property, cases(300))
})

it('a provider gets the same of the jobs before, with their answers', async () => {
  const turn = fc.record({ asked: messages, provider: fc.constantFrom('one', 'two') })
  const property = fc.asyncProperty(fc.array(turn, { maxLength: 3 }), messages, async (turns, asked) => {
    const stored = new Stored()
    const expected: object[] = []
    let previousId: string | undefined
    for (const [index, { asked, provider }] of turns.entries()) {
      const id = `job-${index}`
      const running = startJob(await stored.ask(id, provider, asked, previousId), 1)
      stored.add(finishJob(running, { ...running, ...ANSWER }, { status: 'completed' }, 2), [])
      const reasoning = { type: 'reasoning', text: 'Hm.', ...(provider === 'one' && { carry: 'sig' }) }
      expected.push(...given(asked, 'one'), {
        role: 'assistant',
        content: [reasoning, { type: 'text', text: 'Well.' }],
      })
      previousId = id
    }
    const job = await stored.ask('last', 'one', asked, previousId)
    expect(await readConversation(job, readOneByOne(stored), 'one')).toEqual([...expected, ...given(asked, 'one')])
  })
  await fc.assert(property, cases(150))
})
