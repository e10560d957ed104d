import { wordsOf } from '../../../jobs/search/words.ts'

/** Stands before each word: no word has it. */
const BEFORE = '\n'

/** The words of texts as bytes, which take little of the heap and are searched fast. */
export function encodeWords(texts: readonly string[]): Buffer {
  const words = new Set<string>()
  for (const text of texts) for (const word of wordsOf(text)) words.add(word)
  let joined = ''
  for (const word of words) joined += BEFORE + word
  // Not Buffer.from: it takes small buffers from a shared pool, so one that stays would keep others in memory.
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(joined))
  bytes.write(joined)
  return bytes
}

/** Looks for words in what `encodeWords` made. */
export function searchFor(asked: readonly string[]): (words: Buffer) => boolean {
  const beginnings = asked.map((word) => Buffer.from(BEFORE + word))
  return (words) => beginnings.every((beginning) => words.includes(beginning))
}
