import { Agent, type IncomingMessage, request } from 'node:http'

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })

/** A response whose body nobody has read yet. */
export interface Answer {
  readonly status: number
  readonly body: IncomingMessage
}

/** As lean as Node's HTTP client gets, so that the load is not what is measured. */
export function send(method: string, url: string, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers =
      body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const sent = request(url, { agent, method, headers }, (answer) =>
      resolve({ status: answer.statusCode ?? 0, body: answer }),
    )
    sent.once('error', reject)
    sent.end(body)
  })
}

/** Everything up to the end of the response. */
export function textOf({ body }: Answer): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    body.on('data', (chunk: Buffer) => chunks.push(chunk))
    body.once('end', () => resolve(Buffer.concat(chunks).toString()))
    body.once('error', reject)
    body.once('aborted', () => reject(new Error('The response was cut off')))
  })
}

/** Like `textOf`, of a response that must have this status. */
export async function expectText(status: number, answer: Answer): Promise<string> {
  const text = await textOf(answer)
  if (answer.status !== status) throw new Error(`Expected ${status}, got ${answer.status}: ${text}`)
  return text
}
