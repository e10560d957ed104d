import { Job, JobPage, Problem, type StreamView } from '@promptlab/contract'

/** A frame of a stream, as it came over the wire. */
export interface Frame {
  readonly id?: string
  readonly event?: string
  readonly data?: string
  readonly retry?: string
  /** The text after the colon of a comment line. */
  readonly comment?: string
}

/** Posts a job and expects it to be accepted. */
export async function createJob(url: string, body: object): Promise<Job> {
  const response = await postJob(url, body)
  if (response.status !== 202) throw new Error(`POST /jobs answered ${response.status}: ${await response.text()}`)
  return await jobOf(response)
}

export async function jobOf(response: Response): Promise<Job> {
  return Job.parse(await response.json())
}

export function postJob(url: string, body: object): Promise<Response> {
  return fetch(`${url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

/** Posts a job, and waits for its end. */
export async function finishedJob(url: string, body: object): Promise<Job> {
  const response = await fetch(`${url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=30' },
    body: JSON.stringify(body),
  })
  if (response.status !== 200) throw new Error(`POST /jobs answered ${response.status}: ${await response.text()}`)
  return await jobOf(response)
}

export async function getJob(url: string, id: string): Promise<Job> {
  return await jobOf(await fetch(`${url}/jobs/${id}`))
}

/** The ids of all jobs, read page by page. `afterPage` is called after each page. */
export async function pageThrough(url: string, limit: number, afterPage: () => Promise<unknown>): Promise<string[]> {
  const ids: string[] = []
  let cursor = ''
  do {
    const response = await fetch(`${url}/jobs?limit=${limit}${cursor && `&cursor=${cursor}`}`)
    const { data, nextCursor } = JobPage.parse(await response.json())
    ids.push(...data.map(({ id }) => id))
    cursor = nextCursor ?? ''
    await afterPage()
  } while (cursor)
  return ids
}

export async function problemOf(response: Response): Promise<Problem> {
  return Problem.parse(await response.json())
}

/** What a stream begins with. */
interface StreamStart {
  /** The cursor in the query. */
  readonly after?: number | string
  /** The cursor in the header. */
  readonly lastEventId?: string
  /** Default: `text`. */
  readonly view?: StreamView
}

/** A reader of a stream that takes frames one by one. */
export class StreamReader {
  readonly response: Response
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #decoder = new TextDecoder()
  readonly #leaving: AbortController
  #buffer = ''

  private constructor(response: Response, leaving: AbortController) {
    if (!response.body) throw new Error(`The stream answered ${response.status} without a body`)
    this.response = response
    this.#leaving = leaving
    this.#chunks = response.body[Symbol.asyncIterator]()
  }

  static async open(url: string, id: string, { after, lastEventId, view }: StreamStart = {}): Promise<StreamReader> {
    const query = new URLSearchParams({ ...(view && { view }), ...(after !== undefined && { after: String(after) }) })
    return await StreamReader.openAt(`${url}/jobs/${id}/stream?${query}`, {
      ...(lastEventId && { 'last-event-id': lastEventId }),
    })
  }

  /** Opens a stream of any kind, at its whole URL. */
  static async openAt(url: string, headers: Record<string, string> = {}): Promise<StreamReader> {
    const leaving = new AbortController()
    const response = await fetch(url, {
      headers: { accept: 'text/event-stream', ...headers },
      signal: leaving.signal,
    })
    return new StreamReader(response, leaving)
  }

  /** The next frame, or `undefined` at the end of the response. */
  async next(): Promise<Frame | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf('\n\n')
      if (end >= 0) {
        const frame = this.#buffer.slice(0, end)
        this.#buffer = this.#buffer.slice(end + 2)
        return parseFrame(frame)
      }
      const { done, value } = await this.#chunks.next()
      if (done) return undefined
      this.#buffer += this.#decoder.decode(value, { stream: true })
    }
  }

  /** The next token. Frames without data are skipped. */
  async nextToken(): Promise<string> {
    for (;;) {
      const frame = await this.next()
      if (!frame || frame.event !== undefined) throw new Error(`Expected a token, got ${JSON.stringify(frame)}`)
      if (frame.data !== undefined) return tokenOf(frame)
    }
  }

  /** All frames up to the end of the response. */
  async rest(): Promise<Frame[]> {
    const frames: Frame[] = []
    for (let frame = await this.next(); frame; frame = await this.next()) frames.push(frame)
    return frames
  }

  /** Breaks the connection. */
  leave(): void {
    this.#leaving.abort()
  }
}

/** Reads a stream from its start, or from a cursor, to its end. */
export async function readStream(
  url: string,
  id: string,
  cursor?: StreamStart,
): Promise<{ text: string; tokens: Frame[]; final: Frame | undefined }> {
  const reader = await StreamReader.open(url, id, cursor)
  const frames = (await reader.rest()).filter(({ data }) => data !== undefined)
  const tokens = frames.filter(({ event }) => event === undefined)
  const finals = frames.filter(({ event }) => event !== undefined)
  if (finals.length > 1) throw new Error(`The stream has ${finals.length} final events`)
  return { text: tokens.map(tokenOf).join(''), tokens, final: finals[0] }
}

function tokenOf({ data = '' }: Frame): string {
  const parsed: unknown = JSON.parse(data)
  if (typeof parsed === 'object' && parsed !== null && 'token' in parsed && typeof parsed.token === 'string') {
    return parsed.token
  }
  throw new Error(`Not a token: ${data}`)
}

function parseFrame(frame: string): Frame {
  const fields = frame.split('\n').map((line) => {
    const colon = line.indexOf(':')
    return [colon === 0 ? 'comment' : line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')] as const
  })
  return Object.fromEntries(fields)
}
