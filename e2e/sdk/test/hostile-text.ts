/**
 * Pieces of an answer that break readers which split lines by Unicode, take a text for the end of a stream, or decode
 * each piece by itself.
 */
export const HOSTILE_PIECES: readonly string[] = [
  'line\u2028separator',
  'paragraph\u2029separator',
  'next\u0085line\u000bvertical\u000cform\u001cfile',
  'blank\r\n\r\nlines\n\n',
  'data: [DONE]\n\n',
  'event: error\ndata: {"error":{"message":"none"}}\n\n',
  // The halves of one emoji.
  '\ud83d',
  '\ude42',
  // An emoji of several, in pieces.
  '👩\u200d',
  '👧\ufe0f',
  '"\\"\\\\u0000</script>\ufeff',
  `long ${'x'.repeat(100_000)}`,
  'Grüße.',
]

export const HOSTILE_TEXT = HOSTILE_PIECES.join('')
