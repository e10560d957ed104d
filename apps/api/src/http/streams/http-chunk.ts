let lastText = ''
let lastChunk = ''

/**
 * A text as a chunk of HTTP's chunked transfer coding (RFC 9112, section 7.1). Many readers are given the same text one after
 * the other, so the last chunk is kept.
 */
export function httpChunk(text: string): string {
  if (text !== lastText) {
    lastText = text
    lastChunk = `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
  }
  return lastChunk
}
