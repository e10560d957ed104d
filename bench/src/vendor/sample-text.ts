const WORDS = [
  ' the',
  ' of',
  ' and',
  ' stream',
  'ing',
  ',',
  ' token',
  's',
  ' "quoted"',
  '.\n',
  ' naïve',
  ' 漢字',
  ' 🚀',
  ' upon',
  ' a',
  ' time',
  ' reconnect',
  ' cursor',
  '\\',
]

/** The tokens that the vendor sends for this seed, about five characters each. Every seed has another text. */
export function sampleTokens(seed: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    index === 0 ? `#${seed}` : (WORDS[(seed + index * (1 + (seed % 7))) % WORDS.length] ?? ''),
  )
}

export function sampleText(seed: number, count: number): string {
  return sampleTokens(seed, count).join('')
}
