import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { WebhookMessage } from '@promptlab/contract'
import { Webhook } from 'standardwebhooks'
import { onTestFinished } from 'vitest'

/** A key as `pnpm new-key --webhook` prints it. */
export const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 'webhook').toString('base64')}`

/** A request that a receiver got, whose signature was good. */
export interface ReceivedNews {
  readonly id: string
  readonly body: string
  readonly message: WebhookMessage
  readonly request: IncomingMessage
}

/** Answers a request of the server. */
export type AnswerNews = (response: ServerResponse, news: ReceivedNews) => void

export function answerWith(status: number, headers: Record<string, string> = {}): AnswerNews {
  return (response) => void response.writeHead(status, headers).end()
}

/** A receiver of webhooks on this machine, which verifies each signature as its users do. Closed when the test ends. */
export class WebhookReceiver {
  readonly url: string
  readonly port: number
  /** All that was received, in order. */
  readonly received: ReceivedNews[] = []
  /** What was wrong with requests, such as a bad signature. */
  readonly faults: unknown[] = []
  answer: AnswerNews = answerWith(204)
  #onNews: (() => void) | undefined

  private constructor(url: string, port: number) {
    this.url = url
    this.port = port
  }

  /** @param isSecure by https, with a certificate for `localhost` that nobody has signed */
  static async start(secret: string = WEBHOOK_SECRET, isSecure = false): Promise<WebhookReceiver> {
    const verifier = new Webhook(secret)
    const listener: RequestListener = (request, response) => void receive(request, response)
    const server = isSecure ? createSecureServer(await certificate(), listener) : createServer(listener)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.close()
      server.closeAllConnections()
    })
    const { port } = server.address() as AddressInfo
    const receiver = new WebhookReceiver(`${isSecure ? 'https' : 'http'}://127.0.0.1:${port}/hook`, port)
    const receive = async (request: IncomingMessage, response: ServerResponse) => {
      try {
        const body = await text(request)
        const headers = Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
        )
        const message = WebhookMessage.parse(verifier.verify(body, headers))
        const news = { id: headers['webhook-id'] ?? '', body, message, request }
        receiver.received.push(news)
        receiver.answer(response, news)
      } catch (error) {
        receiver.faults.push(error)
        response.writeHead(400).end()
      }
      receiver.#onNews?.()
    }
    return receiver
  }

  /** Resolves when so many requests were received in all. */
  async count(count: number): Promise<readonly ReceivedNews[]> {
    while (this.received.length < count) {
      if (this.faults.length > 0) throw this.faults[0]
      await new Promise<void>((resolve) => {
        this.#onNews = resolve
      })
    }
    return this.received
  }
}

/** The certificate of a secure receiver. */
export async function certificate(): Promise<{ key: Buffer; cert: Buffer }> {
  const read = (name: string) => readFile(new URL(`../fixtures/webhook-receiver/${name}.pem`, import.meta.url))
  return { key: await read('key'), cert: await read('certificate') }
}
