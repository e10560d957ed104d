import type { AssistantPart } from '@promptlab/providers'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { answerLength, partLength, partsOf, type StoredAnswer } from '../../src/jobs/answer/stored-answer.ts'
import { readConversation } from '../../src/jobs/input/conversation.ts'
import { forkDraft } from '../../src/jobs/input/job-of-job.ts'
import { newJob, StoredJob } from '../../src/jobs/job.ts'
import { readOneByOne } from '../../src/jobs/ports/read-one-by-one.ts'
import { endedJob } from '../support/ended-job.ts'
import { randomPieces, textOfUnits, unitsOf } from '../support/random-answer.ts'
import { cases } from '../support/rounds.ts'

/** What a provider gets of a fork of an answer: the parts of the answer, and the texts behind it. */
async function forked(answer: StoredAnswer, at: number | string, prompt?: string, provider = 'openai') {
  const source = { ...endedJob([]), ...answer, parts: answer.parts && [...answer.parts] }
  const { request, items } = forkDraft(source, { at, ...(prompt !== undefined && { prompt }) })
  const stored = StoredJob.parse(JSON.parse(JSON.stringify(newJob('fork', request, 0))))
  const bytes = new Map(items.map((item) => [item.id, item.bytes]))
  const jobs = readOneByOne({ find: async () => undefined, findItem: async (id) => bytes.get(id) })
  const messages = await readConversation(stored, jobs, provider)
  const said = messages.filter(({ role }) => role === 'assistant')
  const parts: AssistantPart[] = said.flatMap(({ role, content }) => (role === 'assistant' ? content : []))
  return { messages, said, parts, place: request.forkOf?.at ?? -1 }
}

function textOf(parts: readonly AssistantPart[]): string {
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
}

/** Whether a place is between the halves of a surrogate pair in one part. */
function isInPair(answer: StoredAnswer, units: readonly string[], place: number): boolean {
  const halves = units.slice(place - 1, place + 1).map((unit) => unit.split(' ')[1] ?? '')
  const isInPart = partsOf(answer).every((_, index) => endOfPart(answer, index) !== place)
  return place > 0 && isInPart && (halves.join('').codePointAt(0) ?? 0) > 0xffff
}

/** A part that came whole before a place, if it can be told from one that was cut. */
function isWhole(part: AssistantPart, answer: StoredAnswer, units: readonly string[], place: number): boolean {
  if (part.type === 'tool-call' && !units.slice(0, place).includes(`end ${part.arguments}`)) return false
  const carried = JSON.stringify('carry' in part ? part.carry : undefined)
  const whole = partsOf(answer).filter((_, index) => endOfPart(answer, index) <= place)
  return (
    carried === undefined || whole.some(({ type, carry }) => type === part.type && JSON.stringify(carry) === carried)
  )
}

function hasContent(part: AssistantPart): boolean {
  return part.type === 'tool-call' || part.text !== '' || ('carry' in part && part.carry !== undefined)
}

it('a fork has the text before its place, whole parts with what their vendor wants back, and no new half of a pair', async () => {
  const property = fc.asyncProperty(randomPieces, fc.double({ min: 0, max: 1, noNaN: true }), async (pieces, share) => {
    const answer = endedJob(pieces)
    const at = Math.round(share * answerLength(answer))
    const { parts, place } = await forked(answer, at)
    const units = unitsOf(pieces)
    expect(place).toBe(isInPair(answer, units, at) ? at - 1 : at)
    expect(textOf(parts)).toBe(textOfUnits(units.slice(0, place)))
    expect(parts.filter((part) => !isWhole(part, answer, units, place))).toEqual([])
    expect(parts.filter((part) => !hasContent(part))).toEqual([])
  })
  await fc.assert(property, cases(500))
})

it('a fork at every event of every view has what the reader of the event had', async () => {
  const property = fc.asyncProperty(randomPieces, async (pieces) => {
    const answer = endedJob(pieces)
    const units = unitsOf(pieces)
    for (let place = 0; place <= answerLength(answer); place++) {
      const full = await forked(answer, `f${place}`)
      expect(full).toEqual(await forked(answer, place))
      const length = textOfUnits(units.slice(0, place)).length
      const text = textOf((await forked(answer, String(length))).parts)
      expect([answer.result.slice(0, length), answer.result.slice(0, Math.max(0, length - 1))]).toContain(text)
    }
    expect(await forked(answer, 'end')).toEqual(await forked(answer, answerLength(answer)))
  })
  await fc.assert(property, cases(40))
})

it('a fork of a whole answer is what a provider gets with previousJobId, and another provider gets nothing of this one', async () => {
  const property = fc.asyncProperty(randomPieces, fc.constantFrom('openai', 'gemini'), async (pieces, provider) => {
    const source = endedJob(pieces, { id: 'source' })
    const next = newJob('next', { prompt: 'And?', provider, model: 'm', previousJobId: 'source' }, 0)
    const jobs = readOneByOne({ find: async () => source, findItem: async () => undefined })
    const expected = await readConversation(next, jobs, provider)
    const { messages } = await forked(source, 'end', 'And?', provider)
    // Where an answer is only what its vendor wants back, a fork has no message of it.
    if (answerLength(source) > 0) expect(withContent(messages)).toEqual(withContent(expected))
  })
  await fc.assert(property, cases(200))
})

/** Without parts that say nothing. */
function withContent(messages: Awaited<ReturnType<typeof readConversation>>): object[] {
  return messages.map((message) =>
    message.role === 'assistant' ? { ...message, content: message.content.filter(hasContent) } : message,
  )
}

function endOfPart(answer: StoredAnswer, index: number): number {
  return partsOf(answer)
    .slice(0, index + 1)
    .reduce((end, part) => end + partLength(part), 0)
}
