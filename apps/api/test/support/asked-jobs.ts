import type { Message } from '@promptlab/providers'
import type { Exchange } from '@promptlab/providers/testing/vendors'
import { expect } from 'vitest'
import { PLAIN } from './paced-answers.ts'
import type { Random } from './random.ts'
import type { Witness } from './witness.ts'

/** A request of a client, and the job whose conversation it goes on with. */
export interface AskedJob {
  readonly prompt: string
  readonly body: object
  readonly previous: Witness | undefined
}

const MODEL = { provider: 'openai', model: 'gpt-4' }
const TOOLS = [{ name: 'get_sum', parameters: { type: 'object', properties: { words: { type: 'string' } } } }]

/**
 * A job of any kind: of a prompt alone, of a prompt with tools, of messages with an image, or one that goes on behind
 * another.
 * @param name makes the prompt another one than those before
 * @param ended jobs that have ended
 */
export function randomJob(name: string, random: Random, ended: readonly Witness[]): AskedJob {
  const previous = random.next() < 0.5 ? ended[random.below(ended.length)] : undefined
  if (previous) {
    const prompt = `next ${name}`
    return { prompt, previous, body: { ...MODEL, prompt, previousJobId: previous.id, options: { tools: TOOLS } } }
  }
  if (random.next() < 0.3) {
    const prompt = `image ${name}`
    return { prompt, previous, body: { ...MODEL, messages: messagesOf(prompt), options: { tools: TOOLS } } }
  }
  const prompt = `${random.next() < 0.5 ? PLAIN : 'parts'} ${name}`
  return { prompt, previous, body: { ...MODEL, prompt } }
}

function messagesOf(prompt: string) {
  const image = { type: 'image', mediaType: 'image/png', data: imageOf(prompt) }
  return [
    { role: 'system', content: 'Be brief. '.repeat(200) },
    { role: 'user', content: [image, { type: 'text', text: prompt }] },
  ]
}

/** In base64. Half of all images are the same, so that jobs share their item. */
function imageOf(prompt: string): string {
  return Buffer.from((prompt.length % 2 === 0 ? prompt : 'an image').repeat(300)).toString('base64')
}

/** Checks that the vendor was asked for what the client sent, and for the conversation before it. */
export function expectWholeInput({ request }: Exchange, jobs: ReadonlyMap<string, AskedJob>): void {
  const { prompt, messages } = request
  const { previous } = jobs.get(prompt) ?? {}
  if (prompt.startsWith('image')) {
    const parts = messages?.findLast(({ role }) => role === 'user')?.content
    expect(parts?.[0]).toEqual({ type: 'image', mediaType: 'image/png', data: imageOf(prompt) })
  }
  if (!previous) return
  expect(messages?.filter(isPromptOf(previous.prompt)).length).toBe(1)
  // What clients saw of an answer can be more than what a crash left of it, and the vendor gets what is stored.
  const seen = previous.views.find(({ name }) => name === 'full')?.units ?? []
  const before = messages?.at(-2)
  const sent = before?.role === 'assistant' ? before.content : []
  const text = sent.map((part) => (part.type === 'text' ? part.text : '')).join('')
  expect(saidIn(seen).slice(0, text.length)).toBe(text)
  const calls = sent.flatMap((part) => (part.type === 'tool-call' ? [`end ${part.arguments}`] : []))
  expect(seen.filter((unit) => unit.startsWith('end ')).slice(0, calls.length)).toEqual(calls)
}

/** The text and the refusals of an answer. This vendor gets both as text, and no reasoning. */
function saidIn(units: readonly string[]): string {
  return units.flatMap((unit) => /^(?:text|refusal) (.)$/s.exec(unit)?.[1] ?? []).join('')
}

function isPromptOf(prompt: string) {
  return ({ role, content }: Message) =>
    role === 'user' && content.some((part) => part.type === 'text' && part.text === prompt)
}
