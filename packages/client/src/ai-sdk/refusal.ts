import { ApiError, ConnectionError, PromptLabError } from '../errors.ts'

/** A request that a route handler refuses. `useChat` shows the sentence as the message of its error. */
export class Refusal extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, sentence: string, headers: Readonly<Record<string, string>> = {}) {
    super(sentence)
    this.status = status
    this.headers = headers
  }

  /** The body is the sentence alone and no problem document, because `useChat` shows the body as it is. */
  response(): Response {
    const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...this.headers }
    return new Response(this.message, { status: this.status, headers })
  }
}

/** What a caller may do something about. */
const PASSED_ON: ReadonlySet<number> = new Set([400, 402, 413, 422, 429])

/** The refusal for an error of the client; undefined for one that is not of this package. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error
  if (error instanceof ConnectionError) return new Refusal(503, 'The job server could not be reached. Try again.')
  if (!(error instanceof ApiError)) return error instanceof PromptLabError ? new Refusal(400, error.message) : undefined
  const { status, retryAfterMs, message } = error
  const wait: Record<string, string> =
    retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) }
  // The browser is not to blame for others, such as a wrong key, and may not read what is wrong with the server.
  return PASSED_ON.has(status)
    ? new Refusal(status, message, wait)
    : new Refusal(502, 'The job server refused the chat.')
}
