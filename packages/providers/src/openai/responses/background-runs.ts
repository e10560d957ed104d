import { EventReader, type StreamEvent } from '../../http/event-reader.ts'
import type { HttpAnswer } from '../../http/http-answer.ts'
import { getJson } from '../../http/json-answer.ts'
import { refusalOf } from '../../http/refusal.ts'
import { type HttpRequest, sendRequest } from '../../http/send-request.ts'
import type { CompletionPiece, CompletionSummary } from '../../llm-provider.ts'
import type { JsonValue } from '../../message.ts'
import { valueAt } from '../../value-at.ts'
import { failureOfSending, VendorFailed, type VendorFailure } from '../../vendor-failure.ts'
import { END_MARKER } from '../openai-chunk.ts'
import type { OpenAIConnection } from '../openai-connection.ts'
import { failureOfRefusal } from '../openai-failure.ts'
import { polledResponse } from './polled-response.ts'
import { ResponsesReader } from './responses-reader.ts'

/** The most bytes of a response that is read as a whole. */
const MAX_RESPONSE_BYTES = 64 * 1024 * 1024
/** A run that cannot be streamed any more, which happens five minutes after it began. */
const NOT_STREAMED: ReadonlySet<number> = new Set([400, 404, 405, 409, 410, 422])
/** What is said of a run that has ended, or that is not there any more. */
const NOT_RUNNING: ReadonlySet<number> = new Set([400, 404, 409, 410])

const GONE: VendorFailure = {
  code: 'provider-rejected',
  what: 'does not have the run any more',
}

/** Runs that go on at OpenAI whatever becomes of the connection. */
export class BackgroundRuns {
  readonly #connection: OpenAIConnection
  readonly #pollMs: number

  constructor(connection: OpenAIConnection, pollMs: number) {
    this.#connection = connection
    this.#pollMs = pollMs
  }

  /**
   * The whole run from its beginning: streamed, or, if it is not streamed any more, once it is over.
   * @param hasEncryptedReasoning whether the run was asked for it
   * @throws ProviderError, or the signal's reason, as `LLMProvider.rejoin` says
   */
  join(
    handle: JsonValue,
    hasEncryptedReasoning: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<CompletionPiece, CompletionSummary | undefined> {
    const reader = new ResponsesReader()
    const include = hasEncryptedReasoning ? ['include[]=reasoning.encrypted_content'] : []
    return this.#connection.stream(
      signal,
      (event) => reader.read(event),
      async (apiKey, upstream) =>
        (await this.#stream(handle, include, apiKey, upstream)) ??
        polledResponse(() => this.#response(handle, include, apiKey, upstream), this.#pollMs, upstream),
    )
  }

  /** Ends a run. Does nothing if it has ended. @throws ProviderError, or the signal's reason */
  async cancel(handle: JsonValue, signal: AbortSignal): Promise<void> {
    await this.#connection.withKey(async (apiKey) => {
      const { url, headers } = this.#connection.requestFor(`${pathOf(handle)}/cancel`, apiKey)
      const answer = await ask(url, { method: 'POST', headers, signal })
      if (answer.isOk) answer.content.resume()
      else await this.#explain(answer, url, NOT_RUNNING)
    })
  }

  /** Undefined if the run is not streamed any more. */
  async #stream(
    handle: JsonValue,
    include: readonly string[],
    apiKey: string,
    signal: AbortSignal,
  ): Promise<AsyncIterable<StreamEvent> | undefined> {
    const { url, headers } = this.#connection.requestFor(pathOf(handle), apiKey)
    url.search = ['stream=true', ...include].join('&')
    const answer = await ask(url, { headers, signal })
    if (answer.isOk) return new EventReader(answer.content, END_MARKER)
    await this.#explain(answer, url, NOT_STREAMED)
    return undefined
  }

  async #response(
    handle: JsonValue,
    include: readonly string[],
    apiKey: string,
    signal: AbortSignal,
  ): Promise<unknown> {
    const { url, headers } = this.#connection.requestFor(pathOf(handle), apiKey)
    url.search = include.join('&')
    const answer = await getJson({ url, headers, signal, maxBytes: MAX_RESPONSE_BYTES })
    if ('json' in answer) return answer.json
    const { status, headers: received, text, address } = answer.refused
    if (status === 404 || status === 410) throw new VendorFailed({ ...GONE, status, vendorText: text })
    throw new VendorFailed(failureOfRefusal(status, received, text, address))
  }

  /** @throws VendorFailed the status is not among those that were expected */
  async #explain(answer: HttpAnswer, url: URL, expected: ReadonlySet<number>): Promise<void> {
    const { status, headers, text, address } = await refusalOf(answer, url)
    if (expected.has(status)) return
    throw new VendorFailed(failureOfRefusal(status, headers, text, address))
  }
}

async function ask(url: URL, request: HttpRequest): Promise<HttpAnswer> {
  try {
    return await sendRequest(url, request)
  } catch (error) {
    if (request.signal?.aborted) throw request.signal.reason
    throw new VendorFailed(failureOfSending(error))
  }
}

/** @throws VendorFailed the handle is none of these runs */
function pathOf(handle: JsonValue): string {
  const id = valueAt(handle, 'id')
  if (typeof id !== 'string' || id === '') throw new VendorFailed(GONE)
  return `/responses/${encodeURIComponent(id)}`
}
