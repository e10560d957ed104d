/** A piece on the tape. */
export interface TapeEntry {
  /** The places that the piece takes. 0 for a piece that only has what its vendor wants back. */
  readonly length: number
  /** The time since the piece before, or since the start of the run, in whole milliseconds. */
  readonly ms: number
}

const FIRST_SIZE = 32
/** A number takes eight bytes at most, and an entry is two numbers. */
const LARGEST_ENTRY = 16

/**
 * Where the pieces of an answer begin, and when they came: for each piece its length, and the time since the piece before.
 * Both are written in groups of seven bits, the lowest first, so that a piece of a usual stream takes two or three bytes.
 */
export class Tape {
  #bytes = new Uint8Array(FIRST_SIZE)
  #size = 0
  #count = 0
  #lastMs = 0

  /** @param bytes of an earlier tape, which goes on */
  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    for (const { length, ms } of entriesOf(bytes)) this.append(length, this.#lastMs + ms)
  }

  /** The number of pieces. */
  get count(): number {
    return this.#count
  }

  /** In bytes. */
  get size(): number {
    return this.#size
  }

  /**
   * @param length the places that the piece takes
   * @param elapsedMs since the start of the run
   */
  append(length: number, elapsedMs: number): void {
    if (this.#bytes.length - this.#size < LARGEST_ENTRY) this.#enlarge()
    // Rounded before the difference is taken, so that the parts of milliseconds do not add up to a drift.
    const now = Math.max(this.#lastMs, Math.round(elapsedMs))
    this.#write(length)
    this.#write(now - this.#lastMs)
    this.#lastMs = now
    this.#count++
  }

  /** A copy of the bytes behind an offset. */
  bytesFrom(offset: number): Uint8Array {
    return this.#bytes.slice(offset, this.#size)
  }

  #write(value: number): void {
    let rest = value
    while (rest > 127) {
      this.#bytes[this.#size++] = (rest % 128) + 128
      rest = Math.floor(rest / 128)
    }
    this.#bytes[this.#size++] = rest
  }

  #enlarge(): void {
    const larger = new Uint8Array(this.#bytes.length * 2)
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}

/** The entries of a tape, in order. A tape that ends inside an entry ends before it. */
export function* entriesOf(tape: Uint8Array): Generator<TapeEntry> {
  let offset = 0
  const number = () => {
    let value = 0
    for (let scale = 1; offset < tape.length; scale *= 128) {
      const byte = tape[offset++] ?? 0
      value += (byte % 128) * scale
      if (byte < 128) return value
    }
    return undefined
  }
  for (;;) {
    const length = number()
    const ms = number()
    if (length === undefined || ms === undefined) return
    yield { length, ms }
  }
}

/** The bytes of the first entries of a tape. */
export function firstEntries(tape: Uint8Array, count: number): Uint8Array {
  // A number ends at a byte below 128, and an entry is two numbers.
  let numbers = 2 * count
  let offset = 0
  while (numbers > 0 && offset < tape.length) if ((tape[offset++] ?? 0) < 128) numbers--
  return tape.subarray(0, offset)
}

/** A tape as records hold it, which is base64. */
export function encodeTape(tape: Uint8Array): string {
  return Buffer.from(tape.buffer, tape.byteOffset, tape.length).toString('base64')
}

export function decodeTape(text: string): Uint8Array {
  return Buffer.from(text, 'base64')
}

/** The number of pieces on a tape. */
export function countEntries(tape: Uint8Array): number {
  let numbers = 0
  // A number ends at a byte below 128, and an entry is two numbers.
  for (const byte of tape) if (byte < 128) numbers++
  return numbers >> 1
}

/**
 * A tape in base64 with more bytes behind it.
 * @param tape in base64; of it only the last group of four characters is read
 */
export function joinTapes(tape: string, more: Uint8Array): string {
  if (!tape.endsWith('=')) return tape + encodeTape(more)
  return tape.slice(0, -4) + encodeTape(Buffer.concat([decodeTape(tape.slice(-4)), more]))
}
