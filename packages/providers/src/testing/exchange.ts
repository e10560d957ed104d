import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { VendorEnd, VendorRefusal, VendorRequest, WireFormat } from './wire-format.ts'

/** One request that reached a loopback vendor, with methods by which the test sends the answer piece by piece. */
export class Exchange {
  readonly method: string
  /** The path with the query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** The parsed JSON of the body. */
  readonly body: unknown
  /** The fields of the body, under names that are the same for every vendor. */
  readonly request: VendorRequest
  /**
   * Resolves when the client closes the connection before the answer is complete. It never resolves after a complete
   * answer.
   */
  readonly closed: Promise<void>
  readonly #response: ServerResponse
  readonly #format: WireFormat

  constructor(
    message: IncomingMessage,
    response: ServerResponse,
    body: unknown,
    request: VendorRequest,
    format: WireFormat,
  ) {
    this.method = message.method ?? ''
    this.path = message.url ?? ''
    this.headers = message.headers
    this.body = body
    this.request = request
    this.#response = response
    this.#format = format
    this.closed = new Promise((resolve) => {
      response.once('close', () => {
        if (!response.writableFinished) resolve()
      })
    })
  }

  /** Sends the headers of a stream only. The first token sends them too. */
  start(): void {
    if (this.#response.headersSent) return
    this.#response.writeHead(200, { 'content-type': this.#format.contentType, 'cache-control': 'no-cache' })
    this.#response.flushHeaders()
  }

  /** Sends one event with this text. */
  sendToken(text: string): void {
    this.sendRaw(this.eventOf(text))
  }

  /** Returns the event that `sendToken` sends, for a test that cuts it. */
  eventOf(text: string): string {
    return this.#format.token(text)
  }

  /**
   * Sends raw bytes of the stream as one chunk of HTTP's chunked encoding, so that they reach the client apart from
   * others.
   */
  sendRaw(bytes: string | Uint8Array): void {
    this.start()
    this.#response.write(bytes)
  }

  /** Sends an event that cannot be parsed. */
  sendMalformed(): void {
    this.sendRaw(this.#format.malformed)
  }

  /** Reports a failure inside the stream. */
  sendFailure(message: string): void {
    this.sendRaw(this.#format.failure(message))
  }

  /** Completes the answer. */
  finish(end: VendorEnd = {}): void {
    this.sendRaw(this.#format.end({ reason: 'stop', ...end }))
    this.end()
  }

  /** Ends the stream without an end marker. */
  end(): void {
    if (this.#response.writableEnded) return
    this.start()
    this.#response.end()
  }

  /** Refuses the request with this status, in the vendor's wire format. */
  fail(status: number, refusal: VendorRefusal = {}): void {
    const { headers, body } = this.#format.refusal(refusal, status)
    this.respond(status, body, headers)
  }

  /** Answers with any body: a string is sent unchanged, any other value as JSON. */
  respond(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
    const isText = typeof body === 'string'
    this.#response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json', ...headers })
    this.#response.end(isText ? body : JSON.stringify(body))
  }

  /** Resets the connection, as a vendor that crashes does. */
  reset(): void {
    this.#response.socket?.resetAndDestroy()
  }
}
