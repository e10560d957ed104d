import { BYTES_PER_TOKEN } from '../cost/estimated-usage.ts'
import type { InputSize } from '../cost/input-size.ts'

/** Bytes of a token where a limit depends on it. Most texts in Latin script have four, Chinese about three, digits and code less. */
const BYTES_PER_TOKEN_AT_WORST = 2
/** What vendors add to each message. */
const TOKENS_PER_MESSAGE = 8
/** The most that common models count for an image, and for a file of some dozens of pages. Vendors do not tell before the call. */
const TOKENS_PER_IMAGE = 5_000
const TOKENS_PER_FILE = 50_000

/** More tokens than an input is likely to have, for limits that must hold. */
export function mostInputTokens(size: InputSize): number {
  const bytes = size.bytes + size.carriedBytes
  return Math.ceil(bytes / BYTES_PER_TOKEN_AT_WORST) + size.messages * TOKENS_PER_MESSAGE + mediaTokens(size)
}

/** About the tokens of an input, as the cost of a call estimates them. Images and files count with their most. */
export function aboutInputTokens(size: InputSize): number {
  return Math.ceil(size.bytes / BYTES_PER_TOKEN) + mediaTokens(size)
}

function mediaTokens({ images, files }: InputSize): number {
  return images * TOKENS_PER_IMAGE + files * TOKENS_PER_FILE
}
