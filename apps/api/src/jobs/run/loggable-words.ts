import type { Message, ProviderError } from '@promptlab/providers'
import { type JobInput, quotesInput } from './quoted-input.ts'

/**
 * The words of a vendor that failed, for the operator's log. Undefined if there are none, or if they may hold a part of
 * the input or of the answer.
 * @param input what the vendor was sent; undefined if nothing was sent
 * @param result the text of the answer so far
 */
export function loggableWords(
  { code, words }: ProviderError,
  job: JobInput,
  input: string | readonly Message[] | undefined,
  result: string,
): string | undefined {
  // What could not be read may be a piece of the answer.
  if (words === undefined || code === 'provider-malformed') return undefined
  const isQuote = quotesInput(words, job, input) || quotesInput(words, { prompt: result }, undefined)
  return isQuote ? undefined : words
}
