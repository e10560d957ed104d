import type { JobOptions, TokenUsage } from '@promptlab/contract'
import type { Message } from '@promptlab/providers'
import type { AnswerSize } from '../answer/answer.ts'

/** UTF-8 bytes of a token, about, in English. Other scripts have more bytes a character, and more tokens. */
const BYTES_PER_TOKEN = 4
/** Code units of an answer per token, at most: a vendor that sends token by token has a piece for each. */
const UNITS_PER_TOKEN = 4

/**
 * About the tokens of a call whose vendor reported none.
 * @returns undefined if the input has images or files, whose tokens cannot be told from their size
 */
export function estimatedUsage(
  input: string | readonly Message[] | undefined,
  options: JobOptions | undefined,
  { pieceCount, length }: AnswerSize,
): TokenUsage | undefined {
  const bytes = input === undefined ? undefined : bytesOfInput(input)
  if (bytes === undefined) return undefined
  // The system text and the tools are options.
  const optionBytes = options ? Buffer.byteLength(JSON.stringify(options)) : 0
  return {
    inputTokens: Math.ceil((bytes + optionBytes) / BYTES_PER_TOKEN),
    outputTokens: Math.max(pieceCount, Math.ceil(length / UNITS_PER_TOKEN)),
  }
}

type Part = Message['content'][number]

function bytesOfInput(input: string | readonly Message[]): number | undefined {
  if (typeof input === 'string') return Buffer.byteLength(input)
  return sumOf(input.flatMap(({ content }): readonly Part[] => content).map(bytesOfPart))
}

function bytesOfPart(part: Part): number | undefined {
  switch (part.type) {
    case 'image':
    case 'file':
      return undefined
    case 'tool-call':
      return Buffer.byteLength(part.name) + Buffer.byteLength(part.arguments)
    case 'tool-result':
      return sumOf(part.content.map(bytesOfPart))
    default:
      return Buffer.byteLength(part.text)
  }
}

function sumOf(sizes: readonly (number | undefined)[]): number | undefined {
  return sizes.reduce((sum, size) => (sum === undefined || size === undefined ? undefined : sum + size), 0)
}
