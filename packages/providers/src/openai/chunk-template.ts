import type { StreamEvent } from '../http/event-reader.ts'
import { parsedJson } from '../parsed-json.ts'
import type { ChunkReading } from '../vendor-call.ts'

/** The inside of a JSON string, up to its closing quote. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON allows none inside a string.
const STRING = /[^"\\\u0000-\u001f]*(?:\\.[^"\\\u0000-\u001f]*)*"/y

/** Strings that stand in for what varies; no vendor sends them. Latin-1, which is parsed faster. */
const SAMPLES = { text: '\u007ftext', padding: '\u007fpadding' } as const

/** How many chunks may be looked at before an answer is taken for one whose chunks have nothing in common. */
const MAX_ATTEMPTS = 8

/**
 * Reads the chunks of one answer. They differ only in the text, the reasoning or the arguments of a tool call, and in a padding of random
 * length by which OpenAI hides the length of the text. So one chunk is parsed in full and kept as a template, and of the next chunk only
 * the text is read: parsing the whole chunk takes 1.4 to 2.1 µs more, 4 to 7 % of a token (docs/performance.md, `burst` and `relay`).
 * A chunk is parsed in full if it differs from the template in more than the text. A text with escapes, as in a fifth of the tokens
 * of prose, in most arguments and in each text of a vendor that escapes all but ASCII, is parsed alone.
 */
export class TemplateReader {
  readonly #parse: (event: StreamEvent) => ChunkReading
  /** A model does one after the other: it reasons, writes, calls. So only one template is needed at a time. */
  #template: Template | undefined
  #attemptsLeft = MAX_ATTEMPTS

  /** @param parse reads any event in full */
  constructor(parse: (event: StreamEvent) => ChunkReading) {
    this.#parse = parse
  }

  read(event: StreamEvent): ChunkReading {
    if (event.event === undefined && this.#template) {
      const text = textOf(event.data, this.#template)
      if (text !== undefined) return this.#template.reading(text)
    }
    const reading = this.#parse(event)
    if (this.#attemptsLeft > 0 && event.event === undefined) this.#learn(event.data, reading)
    return reading
  }

  #learn(data: string, reading: ChunkReading): void {
    const said = saidIn(reading)
    if (!said) return
    this.#attemptsLeft--
    const template = templateOf(data, said)
    // The proof: the known parts around another text must read as that text, and as nothing else.
    const sample = template && this.#parse({ event: undefined, data: sampleOf(template) })
    if (sample && contentsOf(sample) === contentsOf(template.reading(SAMPLES.text))) this.#template = template
  }
}

/** The text that a chunk brings. */
interface Said {
  readonly text: string
  /** What the name of its field begins with, in the chunk. */
  readonly field: string
  /** The reading of a chunk that brings another text in its place. */
  readonly reading: (text: string) => ChunkReading
}

function saidIn({ text, reasoning, pieces = [] }: ChunkReading): Said | undefined {
  if (text) return { text, field: '"content":', reading: (text) => ({ text }) }
  if (reasoning) return { text: reasoning, field: '"reasoning', reading: (reasoning) => ({ reasoning }) }
  const [piece, another] = pieces
  if (piece?.type !== 'tool-call-delta' || !piece.arguments || another) return undefined
  const reading = (text: string) => ({ pieces: [{ ...piece, arguments: text }] })
  return { text: piece.arguments, field: '"arguments":', reading }
}

/** All that was read, but for texts that are empty. */
function contentsOf({ text, reasoning, ...rest }: ChunkReading): string {
  return JSON.stringify({ text: text || undefined, reasoning: reasoning || undefined, ...rest })
}

/** What stands before, between and behind that which varies. Quotes belong to the fixed parts. */
interface Template extends Pick<Said, 'reading'> {
  readonly before: string
  readonly after: string
  /** What stands behind the padding, which follows `after`; undefined if there is no padding. */
  readonly afterPadding: string | undefined
}

function templateOf(data: string, { text, field, reading }: Said): Template | undefined {
  const literal = JSON.stringify(text)
  const at = data.indexOf(literal, data.indexOf(field))
  if (at < 0) return undefined
  const textEnd = at + literal.length - 1
  const before = data.slice(0, at + 1)
  const padding = /("obfuscation": ?")[^"\\]*"/.exec(data.slice(textEnd))
  if (!padding) return { reading, before, after: data.slice(textEnd), afterPadding: undefined }
  const [found, opening = ''] = padding
  const paddingStart = textEnd + padding.index + opening.length
  const paddingEnd = textEnd + padding.index + found.length - 1
  return { reading, before, after: data.slice(textEnd, paddingStart), afterPadding: data.slice(paddingEnd) }
}

function sampleOf({ before, after, afterPadding }: Template): string {
  return before + SAMPLES.text + after + (afterPadding === undefined ? '' : SAMPLES.padding + afterPadding)
}

function textOf(data: string, { before, after, afterPadding }: Template): string | undefined {
  if (!hasAt(data, 0, before)) return undefined
  const end = stringEnd(data, before.length)
  if (end === undefined || !hasAt(data, end, after)) return undefined
  let last: number | undefined = end + after.length
  if (afterPadding !== undefined) {
    last = stringEnd(data, last)
    if (last === undefined || !hasAt(data, last, afterPadding)) return undefined
    last += afterPadding.length
  }
  return last === data.length ? stringAt(data, before.length, end) : undefined
}

/** Whether the part stands there. Not `startsWith`: V8 compares there one character after the other, here eight at a time. */
export function hasAt(data: string, at: number, part: string): boolean {
  return data.slice(at, at + part.length) === part
}

/** Where the JSON string ends that begins here, or undefined if it has no end. */
export function stringEnd(data: string, start: number): number | undefined {
  STRING.lastIndex = start
  return STRING.test(data) ? STRING.lastIndex - 1 : undefined
}

/** The JSON string inside these quotes, or undefined if it is none. */
export function stringAt(data: string, start: number, end: number): string | undefined {
  const inside = data.slice(start, end)
  if (!inside.includes('\\')) return inside
  const text = parsedJson(`"${inside}"`)
  return typeof text === 'string' ? text : undefined
}
