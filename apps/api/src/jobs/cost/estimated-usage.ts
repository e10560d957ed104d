import type { JobOptions, TokenUsage } from '@promptlab/contract'
import type { Message } from '@promptlab/providers'
import type { AnswerSize } from '../answer/answer.ts'
import { inputSize } from './input-size.ts'

/** UTF-8 bytes of a token, about, in English. Other scripts have more bytes a character, and more tokens. */
export const BYTES_PER_TOKEN = 4
/** Code units of an answer per token, at most: a vendor that sends token by token has a piece for each. */
export const UNITS_PER_TOKEN = 4

/**
 * About the tokens of a call whose vendor reported none.
 * @returns undefined if the input has images or files, whose tokens cannot be told from their size
 */
export function estimatedUsage(
  input: string | readonly Message[] | undefined,
  options: JobOptions | undefined,
  answer: AnswerSize,
): TokenUsage | undefined {
  if (input === undefined) return undefined
  const { bytes, images, files } = inputSize(input, options)
  if (images + files > 0) return undefined
  return { inputTokens: Math.ceil(bytes / BYTES_PER_TOKEN), outputTokens: estimatedTokensOf(answer) }
}

/** About the tokens of an answer: its pieces, or its code units if these are more. */
export function estimatedTokensOf({ pieceCount, length }: AnswerSize): number {
  return Math.max(pieceCount, Math.ceil(length / UNITS_PER_TOKEN))
}
