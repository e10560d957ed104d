import type { UIMessage } from 'ai'
import { isObject } from '../job.ts'
import type { AnswerMetadata, JobUIMessage } from './answer-metadata.ts'

/** How an answer was cut off, and the letter that stands for it in the metadata of a job. */
const CUTS: ReadonlyMap<string, AnswerMetadata> = new Map([
  ['c', { status: 'cancelled' }],
  ['f', { status: 'failed' }],
  ['l', { status: 'completed', finishReason: 'length' }],
  ['x', { status: 'completed', finishReason: 'content-filter' }],
])

/** The longest text that an entry of metadata may have. */
const MAX_LENGTH = 512

/**
 * Which answers of a chat were cut off, such as `1c 4l`: how many messages of the user came before, and how. A job has the texts of
 * earlier answers only, and after a reload a cut one must not look whole. Of very many, only the last ones are named.
 */
export function cutAnswers(messages: readonly UIMessage[]): string {
  let turn = 0
  const cuts: string[] = []
  for (const { role, parts, metadata } of messages) {
    if (role === 'user' && parts.some(isContent)) turn++
    const letter = role === 'assistant' ? letterOf(metadata) : undefined
    if (letter !== undefined) cuts.push(`${turn}${letter}`)
  }
  while (cuts.join(' ').length > MAX_LENGTH) cuts.shift()
  return cuts.join(' ')
}

/** Notes in the messages of a job which answers were cut off. */
export function noteCuts(messages: readonly JobUIMessage[], cuts: string): void {
  const byTurn = new Map(cuts.split(' ').map((cut) => [Number.parseInt(cut, 10), CUTS.get(cut.slice(-1))]))
  let turn = 0
  for (const message of messages) {
    if (message.role === 'user') turn++
    const metadata = byTurn.get(turn)
    if (message.role === 'assistant' && metadata) message.metadata = { ...metadata }
  }
}

function letterOf(metadata: unknown): string | undefined {
  if (!isObject(metadata)) return undefined
  const cut = [...CUTS].find(
    ([, { status, finishReason }]) =>
      metadata['status'] === status && (!finishReason || metadata['finishReason'] === finishReason),
  )
  return cut?.[0]
}

function isContent(part: UIMessage['parts'][number]): boolean {
  return part.type === 'file' || (part.type === 'text' && part.text !== '')
}
