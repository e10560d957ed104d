/** How long an answer is. */
export interface LogLength {
  /** The places that it takes. */
  readonly length: number
  /** The length of its text, in UTF-16 code units. */
  readonly textLength: number
}
