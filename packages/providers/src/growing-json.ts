const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d]

/**
 * A text that grows, and is to become one JSON object. It is looked at once, however many pieces it comes in and however often
 * it is asked whether it is whole: a vendor's megabytes must not be parsed again with each of its pieces.
 */
export class GrowingJson {
  text = ''
  #depth = 0
  #isInString = false
  #isEscaped = false
  /** Where the first object or list has closed. */
  #end: number | undefined
  /** Whether the text up to there is an object. Undefined until somebody asks. */
  #isObject: boolean | undefined
  #hasMore = false

  add(text: string): void {
    for (let index = 0; index < text.length; index++) this.#read(text.charCodeAt(index), this.text.length + index)
    this.text += text
  }

  /** Whether nothing but white space can follow, because the text is a whole JSON object. */
  get isWhole(): boolean {
    if (this.#end === undefined || this.#hasMore) return false
    this.#isObject ??= isObject(this.text.slice(0, this.#end))
    return this.#isObject
  }

  #read(code: number, index: number): void {
    if (this.#end !== undefined) this.#hasMore ||= !isSpace(code)
    else if (this.#isInString) this.#readInString(code)
    else if (code === QUOTE) this.#isInString = true
    else if (code === OPEN_OBJECT || code === OPEN_LIST) this.#depth++
    else if ((code === CLOSE_OBJECT || code === CLOSE_LIST) && --this.#depth <= 0) this.#end = index + 1
  }

  #readInString(code: number): void {
    if (this.#isEscaped) this.#isEscaped = false
    else if (code === BACKSLASH) this.#isEscaped = true
    else if (code === QUOTE) this.#isInString = false
  }
}

/** White space as JSON has it. */
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

function isObject(text: string): boolean {
  if (!text.trimStart().startsWith('{')) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
