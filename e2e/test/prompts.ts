import type { Random } from '@promptlab/api/testing'

const WORDS = [
  'Once',
  'upon',
  'ein',
  'Märchen',
  '漢字',
  '🙂🙃',
  'line\nbreak',
  '\r\n',
  '"quoted"',
  '\u2028',
  'x'.repeat(40),
]

/** A prompt of 1 to 25 words with characters that are hard to transport. `echo` streams the prompt back word by word. */
export function randomPrompt(random: Random): string {
  const words = Array.from({ length: 1 + random.below(25) }, () => WORDS[random.below(WORDS.length)])
  return `Tell: ${words.join(' ')}`
}
