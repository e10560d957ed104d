import { parsedJson } from '../../parsed-json.ts'
import { hasAt, stringAt, stringEnd } from '../chunk-template.ts'

/** The number of an event, which is another in each. */
const NUMBER = /"sequence_number": ?/
const DIGITS = /\d+/y
/** Values that stand in for what varies; no vendor sends them. */
const SAMPLE = { sequence_number: 987_654_321, delta: '\u007ftext' } as const

/**
 * The deltas of one text. They differ in their number and their text only, so the text is read without parsing the rest:
 * parsing takes 1 µs a token more.
 */
export class DeltaTemplate {
  readonly #beforeNumber: string
  readonly #beforeText: string
  readonly #afterText: string

  private constructor(beforeNumber: string, beforeText: string, afterText: string) {
    this.#beforeNumber = beforeNumber
    this.#beforeText = beforeText
    this.#afterText = afterText
  }

  /**
   * Learns from one delta.
   * @param event the same delta, parsed
   * @returns undefined if other deltas cannot be told from it
   */
  static from(data: string, event: object, text: string): DeltaTemplate | undefined {
    const number = NUMBER.exec(data)
    const literal = `"delta":"${text}"`
    const textAt = data.indexOf(literal)
    if (!number || textAt < number.index || !text) return undefined
    const numberAt = number.index + number[0].length
    const numberEnd = digitsEnd(data, numberAt)
    if (numberEnd === undefined) return undefined
    const textStart = textAt + literal.length - 1 - text.length
    const parts = [
      data.slice(0, numberAt),
      data.slice(numberEnd, textStart),
      data.slice(textStart + text.length),
    ] as const
    const [before, between, after] = parts
    // The proof: the known parts around other values must read as those values, and as nothing else.
    const sample = parsedJson(before + SAMPLE.sequence_number + between + SAMPLE.delta + after)
    const isProved = JSON.stringify(sample) === JSON.stringify({ ...event, ...SAMPLE })
    return isProved ? new DeltaTemplate(...parts) : undefined
  }

  /** The text of another delta of the same text. Undefined if this is none. */
  textOf(data: string): string | undefined {
    if (!hasAt(data, 0, this.#beforeNumber)) return undefined
    const numberEnd = digitsEnd(data, this.#beforeNumber.length)
    if (numberEnd === undefined || !hasAt(data, numberEnd, this.#beforeText)) return undefined
    const start = numberEnd + this.#beforeText.length
    const end = stringEnd(data, start)
    if (end === undefined || !hasAt(data, end, this.#afterText)) return undefined
    return end + this.#afterText.length === data.length ? stringAt(data, start, end) : undefined
  }
}

function digitsEnd(data: string, start: number): number | undefined {
  DIGITS.lastIndex = start
  return DIGITS.test(data) ? DIGITS.lastIndex : undefined
}
