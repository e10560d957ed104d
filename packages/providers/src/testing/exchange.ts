import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { VendorCarry, VendorEnd, VendorRefusal, VendorRequest, VendorToolCall, WireFormat } from './wire-format.ts'

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

  /**
   * Sends the headers of a stream only. The first token sends them too.
   * @param contentType default: the vendor's; empty: no such header
   * @param headers sent beside the usual ones
   */
  start(contentType = this.#format.contentType, headers: Readonly<Record<string, string>> = {}): void {
    if (this.#response.headersSent) return
    this.#response.writeHead(200, {
      ...(contentType && { 'content-type': contentType }),
      'cache-control': 'no-cache',
      ...headers,
    })
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

  /** Sends one event with this piece of reasoning. */
  sendReasoning(text: string): void {
    this.sendRaw(had(this.#format.reasoning?.(text), 'reasoning'))
  }

  /** Sends one event with this piece of a refusal. */
  sendRefusal(text: string): void {
    this.sendRaw(had(this.#format.refusalText?.(text), 'refusals'))
  }

  /** Sends one event with these stretches of tool calls. */
  sendToolCalls(...calls: VendorToolCall[]): void {
    this.sendRaw(had(this.#format.toolCalls?.(calls), 'tool calls'))
  }

  /** Sends one event with a part that the vendor wants back. */
  sendCarried(part: VendorCarry): void {
    this.sendRaw(had(this.#format.carried?.(part), 'carry'))
  }

  /** Sends what keeps the connection alive. */
  sendPing(): void {
    this.sendRaw(had(this.#format.ping, 'pings'))
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
    this.sendEnd(end)
    this.end()
  }

  /** Sends the events that end a complete answer, and leaves the connection open. */
  sendEnd(end: VendorEnd = {}): void {
    this.sendRaw(this.#format.end({ reason: 'stop', ...end }))
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

function had(event: string | undefined, what: string): string {
  if (event === undefined) throw new Error(`The format of this vendor has no ${what}.`)
  return event
}
