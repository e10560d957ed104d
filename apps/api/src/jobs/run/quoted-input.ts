import type { Message } from '@promptlab/providers'
import type { StoredJob } from '../job.ts'

/** The part of a job that its caller has written. */
export type JobInput = Pick<StoredJob, 'prompt' | 'messages' | 'options'>

/** A sentence that shares so many code units with an input, one behind the other, counts as a quotation. */
const QUOTED_LENGTH = 12
/** A shorter text of a conversation is no quotation, because it stands in many sentences by chance. */
const SHORTEST_TEXT = 4
/** In longer inputs nothing is looked for: they count as quoted. Each of 500 places is looked for in the whole input. */
const MAX_COMPARED_LENGTH = 400_000

/** Fields that have no words of the caller. Images and files are not compared. */
const WORDLESS: ReadonlySet<string> = new Set([
  'type',
  'role',
  'name',
  'data',
  'mediaType',
  'item',
  'bytes',
  'callId',
  'carry',
])

/**
 * Whether a vendor's sentence repeats a stretch of what was asked, which belongs neither into an error nor into the log.
 * @param input what the vendor was sent, with the earlier turns of the conversation. Undefined: nothing was sent
 */
export function quotesInput(
  sentence: string,
  { prompt, messages, options }: JobInput,
  input: string | readonly Message[] | undefined,
): boolean {
  const own = [prompt, options?.system ?? '']
  const conversation = [...textsIn(messages), ...textsIn(typeof input === 'string' ? [] : input)]
  // Short values of options are words of every API, such as "object", and so are the names of fields.
  const texts = [...own, ...conversation, ...textsIn(options).filter(({ length }) => length >= QUOTED_LENGTH)]
  if (texts.reduce((sum, { length }) => sum + length, 0) > MAX_COMPARED_LENGTH) return true
  for (let start = 0; start + QUOTED_LENGTH <= sentence.length; start++) {
    const stretch = sentence.slice(start, start + QUOTED_LENGTH)
    if (texts.some((text) => text.includes(stretch))) return true
  }
  const isShort = (text: string, least: number) => text.length >= least && text.length < QUOTED_LENGTH
  const short = [
    ...own.filter((text) => isShort(text, 1)),
    ...conversation.filter((text) => isShort(text, SHORTEST_TEXT)),
  ]
  return short.some((text) => sentence.includes(text))
}

/** All texts inside a value of JSON. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => (WORDLESS.has(name) ? [] : textsIn(inner)))
}
