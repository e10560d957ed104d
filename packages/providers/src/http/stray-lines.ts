import { parsedJson } from '../parsed-json.ts'

/**
 * Collects the lines of a body that are no lines of server-sent events, and finds JSON in them, on one line or on
 * several.
 */
export class StrayLines {
  #lines: string[] = []
  #isJson = false
  #length = 0

  /** How many characters are kept. */
  get length(): number {
    return this.#length
  }

  /** The lines since the last JSON. */
  get text(): string {
    return this.#lines.join('\n')
  }

  /** @returns the JSON that ends with this line, if there is one */
  add(line: string): string | undefined {
    if (!this.#isJson && /^\s*[[{]/.test(line)) {
      this.#clear()
      this.#isJson = true
    }
    this.#lines.push(line)
    this.#length += line.length
    // Inside a JSON of several lines, only a bracket without indentation can be the last. To parse at each bracket would
    // take quadratic time.
    const mayBeLast = this.#isJson && (this.#lines.length === 1 || /^[\]}]/.test(line))
    if (!mayBeLast || parsedJson(this.text) === undefined) return undefined
    const json = this.text
    this.#clear()
    return json
  }

  #clear(): void {
    this.#lines = []
    this.#length = 0
    this.#isJson = false
  }
}
