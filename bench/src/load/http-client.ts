import { Agent, type IncomingMessage, request } from 'node:http'

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })

/** A response with an unread body. */
export interface Answer {
  readonly status: number
  readonly body: IncomingMessage
}

/** Sends a request with Node's HTTP client and nothing around it: the load has to be cheap. */
export function send(
  method: string,
  url: string,
  body?: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const ofBody =
      body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const headers = { ...ofBody, ...more }
    const sent = request(url, { agent, method, headers }, (answer) =>
      resolve({ status: answer.statusCode ?? 0, body: answer }),
    )
    sent.once('error', reject)
    sent.end(body)
  })
}

/** Reads the body to its end. */
export function textOf({ body }: Answer): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    body.on('data', (chunk: Buffer) => chunks.push(chunk))
    body.once('end', () => resolve(Buffer.concat(chunks).toString()))
    body.once('error', reject)
    body.once('aborted', () => reject(new Error('The response was cut off')))
  })
}

/** Like `textOf`. @throws Error the response has another status */
export async function expectText(status: number, answer: Answer): Promise<string> {
  const text = await textOf(answer)
  if (answer.status !== status) throw new Error(`Expected ${status}, got ${answer.status}: ${text}`)
  return text
}
