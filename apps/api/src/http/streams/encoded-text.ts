/** A stretch of a stream as it is sent. Many responses share one object, so the chunk is made once. */
export class EncodedText {
  readonly text: string
  #chunk: string | undefined

  constructor(text: string) {
    this.text = text
  }

  /** The text as a chunk of HTTP's chunked transfer coding (RFC 9112, section 7.1). */
  get chunk(): string {
    this.#chunk ??= `${Buffer.byteLength(this.text).toString(16)}\r\n${this.text}\r\n`
    return this.#chunk
  }
}
