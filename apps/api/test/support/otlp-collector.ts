import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { z } from 'zod'

const Value = z.union([
  z.strictObject({ stringValue: z.string() }).transform(({ stringValue }) => stringValue),
  z.strictObject({ boolValue: z.boolean() }).transform(({ boolValue }) => boolValue),
  z.strictObject({ intValue: z.number() }).transform(({ intValue }) => intValue),
  z.strictObject({ doubleValue: z.number() }).transform(({ doubleValue }) => doubleValue),
  z
    .strictObject({ arrayValue: z.strictObject({ values: z.array(z.strictObject({ stringValue: z.string() })) }) })
    .transform(({ arrayValue }) => arrayValue.values.map(({ stringValue }) => stringValue)),
])

const Attributes = z
  .array(z.object({ key: z.string(), value: Value }))
  .transform((entries) => Object.fromEntries(entries.map(({ key, value }) => [key, value])))

const Span = z
  .object({
    traceId: z.string().regex(/^[\da-f]{32}$/),
    spanId: z.string().regex(/^[\da-f]{16}$/),
    parentSpanId: z.string().optional(),
    name: z.string(),
    kind: z.number(),
    startTimeUnixNano: z.string().transform(BigInt),
    endTimeUnixNano: z.string().transform(BigInt),
    attributes: Attributes,
    status: z.object({ code: z.number() }),
  })
  .transform(({ kind, startTimeUnixNano: startNs, endTimeUnixNano: endNs, status, ...span }) => ({
    ...span,
    kind: ['unspecified', 'internal', 'server', 'client'][kind],
    startNs,
    endNs,
    hasFailed: status.code === 2,
  }))

const TracesData = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: Attributes }),
      scopeSpans: z.array(z.object({ spans: z.array(Span) })),
    }),
  ),
})

/** A span as it arrived, with the resource attributes of its process. */
export type ExportedSpan = z.infer<typeof Span> & { readonly resource: Readonly<Record<string, unknown>> }

/** A collector of traces on 127.0.0.1, which takes OTLP over HTTP as JSON. Closed when the test ends. */
export class OtlpCollector {
  readonly url: string
  /** All spans, in the order of arrival. */
  readonly spans: ExportedSpan[] = []
  /** The bodies of all accepted requests, one after the other. */
  received = ''
  /** The headers of the last request. */
  headers: IncomingHttpHeaders = {}
  /** The status that requests get. `undefined`: they never get an answer. */
  answer: number | undefined = 200
  requests = 0
  readonly #waiting: (() => void)[] = []
  readonly #close: () => Promise<void>

  private constructor(port: number, close: () => Promise<void>) {
    this.url = `http://127.0.0.1:${port}`
    this.#close = close
  }

  static async start(): Promise<OtlpCollector> {
    const server = createServer((request, response) => void collector.#receive(request, response))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const collector = new OtlpCollector(port, async () => {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    })
    onTestFinished(() => collector.close())
    return collector
  }

  /** From now on, connections are refused. */
  close(): Promise<void> {
    return this.#close()
  }

  /** Waits until spans of these names have arrived, and gives one of each. */
  async spansNamed(...names: readonly string[]): Promise<ExportedSpan[]> {
    await this.#until(() => names.every((name) => this.spans.some((span) => span.name === name)))
    return names.flatMap((name) => this.spans.find((span) => span.name === name) ?? [])
  }

  async hasRequests(count: number): Promise<void> {
    await this.#until(() => this.requests >= count)
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    this.requests++
    this.headers = request.headers
    if (this.answer === 200) this.#take(request.url, body)
    if (this.answer !== undefined) response.writeHead(this.answer, { 'content-type': 'application/json' }).end('{}')
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #take(url: string | undefined, body: string): void {
    if (url !== '/v1/traces') throw new Error(`Not where traces go: ${url}`)
    this.received += body
    for (const { resource, scopeSpans } of TracesData.parse(JSON.parse(body)).resourceSpans) {
      const spans = scopeSpans.flatMap((scope) => scope.spans)
      this.spans.push(...spans.map((span) => ({ ...span, resource: resource.attributes })))
    }
  }
}
