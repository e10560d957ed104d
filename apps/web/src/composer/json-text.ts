/** Where JSON text is wrong, and why. Lines and columns begin with 1. */
export interface JsonFault {
  readonly message: string
  readonly line: number
  readonly column: number
}

/** A path into a JSON value, such as `['properties', 'city', 'type']`. */
export type JsonPath = readonly (string | number)[]

/** JSON text that was read: its value and where its parts stand, or its first fault. */
export type JsonText =
  | {
      readonly value: unknown
      /** The line, from 1, in which the value of the path begins; of the nearest part above it if it has none. */
      readonly lineOf: (path: JsonPath) => number
      readonly fault?: undefined
    }
  | { readonly fault: JsonFault }

const MAX_DEPTH = 200
const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const WORD = /[\p{L}\p{N}_$.+-]+/uy

/**
 * Reads JSON text. The engine's own messages differ from browser to browser and say little, so the first fault is told in a
 * sentence with its place.
 */
export function readJson(text: string): JsonText {
  const scanner = new JsonScanner(text)
  try {
    scanner.scan()
  } catch (error) {
    if (!(error instanceof Found)) throw error
    return { fault: { message: error.message, ...placeOf(text, error.at) } }
  }
  return {
    value: JSON.parse(text),
    lineOf: (path) => {
      for (let length = path.length; length > 0; length--) {
        const at = scanner.places.get(keyOf(path.slice(0, length)))
        if (at !== undefined) return placeOf(text, at).line
      }
      return placeOf(text, text.search(/\S/)).line
    },
  }
}

/** The fault as one sentence. */
export function jsonFaultText({ message, line, column }: JsonFault): string {
  return `Line ${line}, column ${column}: ${message}`
}

class Found extends Error {
  readonly at: number

  constructor(at: number, message: string) {
    super(message)
    this.at = at
  }
}

/** Walks through JSON text, notes where each value begins, and throws at the first fault. */
class JsonScanner {
  readonly places = new Map<string, number>()
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  scan(): void {
    this.#value([])
    this.#skipSpace()
    if (this.#at < this.#text.length) this.#fail('The JSON has already ended here. Remove what follows.')
  }

  #value(path: JsonPath): void {
    this.#skipSpace()
    this.places.set(keyOf(path), this.#at)
    const char = this.#text[this.#at]
    if (path.length > MAX_DEPTH) this.#fail(`The JSON is nested more than ${MAX_DEPTH} levels deep.`)
    if (char === '{') this.#object(path)
    else if (char === '[') this.#list(path)
    else if (char === '"') this.#string()
    else this.#scalar(char)
  }

  #object(path: JsonPath): void {
    this.#entries('{', '}', () => {
      const from = this.#at
      if (this.#text[from] !== '"') this.#failAtName()
      this.#string()
      const name: unknown = JSON.parse(this.#text.slice(from, this.#at))
      this.#skipSpace()
      if (this.#text[this.#at] !== ':') this.#fail(`A colon is missing after the name "${name}".`)
      this.#at++
      this.#value([...path, String(name)])
    })
  }

  #list(path: JsonPath): void {
    this.#entries('[', ']', (index) => this.#value([...path, index]))
  }

  #entries(open: string, close: string, entry: (index: number) => void): void {
    const from = this.#at++
    this.#skipSpace()
    if (this.#take(close)) return
    for (let index = 0; ; index++) {
      entry(index)
      this.#skipSpace()
      if (this.#take(close)) return
      const comma = this.#at
      if (this.#at >= this.#text.length) this.#failUnclosed(open, close, from)
      if (!this.#take(',')) this.#failBetween(close)
      this.#skipSpace()
      if (this.#text[this.#at] === close) this.#fail(`Remove the comma before ${close}.`, comma)
      if (this.#at >= this.#text.length) this.#failUnclosed(open, close, from)
    }
  }

  #string(): void {
    const from = this.#at++
    for (;;) {
      const char = this.#text[this.#at]
      if (char === undefined) this.#fail('This text has no closing quote.', from)
      if (char === '"') break
      if (char === '\n' || char === '\r') this.#fail('This text has no closing quote. Write a line break as \\n.', from)
      if (char < ' ') this.#fail('Write a tab in a text as \\t, and other control characters as \\u0000.')
      if (char !== '\\') this.#at++
      else if (!this.#match(ESCAPE)) this.#fail('A backslash must be written twice: \\\\.')
    }
    this.#at++
  }

  #scalar(char: string | undefined): void {
    if (char === undefined) this.#fail('A value is missing at the end.')
    const from = this.#at
    const word = this.#match(WORD)
    if (word === 'true' || word === 'false' || word === 'null') return
    if (word !== undefined) {
      this.#at = from
      if (this.#match(NUMBER) === word) return
      this.#at = from
    }
    if (char === "'" || char === '“' || char === '”' || char === '`') this.#fail('Put texts in straight double quotes.')
    if (char === '/' || char === '#') this.#fail('JSON has no comments. Remove this one.')
    if (word === undefined) this.#fail(`A value is missing before ${char}.`)
    if (/^[\d.+-]/.test(word)) this.#fail(`"${word}" is not a number that JSON knows.`)
    this.#fail(`"${word}" is no value. Put texts in double quotes.`)
  }

  #failAtName(): never {
    if (this.#at >= this.#text.length) this.#fail('A name in double quotes is missing at the end.')
    const word = this.#match(WORD)
    if (word === undefined) this.#fail('Expected a name in double quotes here.')
    this.#fail(`Put the name "${word}" in double quotes.`, this.#at - word.length)
  }

  #failBetween(close: string): never {
    const char = this.#text[this.#at] ?? ''
    if (/[}\]]/.test(char)) this.#fail(`Expected ${close}, not ${char}.`)
    if (char === ':') this.#fail('There is a colon too many here.')
    if (char === '/' || char === '#') this.#fail('JSON has no comments. Remove this one.')
    this.#fail('A comma is missing before this.')
  }

  #failUnclosed(open: string, close: string, from: number): never {
    this.#fail(`The ${open} of line ${placeOf(this.#text, from).line} has no ${close}.`)
  }

  #fail(message: string, at = this.#at): never {
    throw new Found(at, message)
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false
    this.#at++
    return true
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.#at += found.length
    return found
  }

  #skipSpace(): void {
    while (/^[ \t\n\r]$/.test(this.#text[this.#at] ?? '')) this.#at++
  }
}

function keyOf(path: JsonPath): string {
  return JSON.stringify(path)
}

function placeOf(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, Math.max(0, at)).split('\n')
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}
