/** A header that an operator wants in each request to a vendor. */
export interface RequestHeader {
  readonly name: string
  /** Called for each request. Undefined: the header is left out. */
  readonly value: () => string | undefined
  /** Whether the value must not be in an error or a log. */
  readonly isSecret: boolean
}

/** Headers that an operator wants in each request to a vendor. */
export class RequestHeaders {
  readonly #headers: readonly RequestHeader[]

  constructor(headers: readonly RequestHeader[]) {
    this.#headers = headers
  }

  all(): Record<string, string> {
    return Object.fromEntries(this.#headers.flatMap(({ name, value }) => pairOf(name, value())))
  }

  secrets(): string[] {
    return this.#headers.flatMap(({ isSecret, value }) => (isSecret ? (value() ?? []) : []))
  }
}

function pairOf(name: string, value: string | undefined): [string, string][] {
  return value === undefined ? [] : [[name, value]]
}
