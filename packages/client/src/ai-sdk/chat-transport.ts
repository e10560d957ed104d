import type { ChatTransport, UIMessage, UIMessageChunk } from 'ai'
import { ConnectionError } from '../errors.ts'
import { type Answer, answerChunks } from './answer-chunks.ts'
import { ChatJobs } from './chat-jobs.ts'
import type { ChatOptions } from './chat-options.ts'
import { streamOf } from './chunk-stream.ts'

export interface ChatTransportOptions extends ChatOptions {
  /**
   * What becomes of the job when `useChat` aborts, which is what its `stop` does, and its unmount. `cancel`, the default, ends it.
   * `leave` lets it run on: then a stop button calls `cancel` of the transport.
   */
  readonly onAbort?: 'cancel' | 'leave' | undefined
}

type SendOptions = Parameters<ChatTransport<UIMessage>['sendMessages']>[0]
type ReconnectOptions = Parameters<ChatTransport<UIMessage>['reconnectToStream']>[0]

/** How often each chat was sent or resumed. Of the page and not of a transport, because components may make one at each render. */
const calls = new Map<string, number>()

/**
 * The transport of the AI SDK's `useChat` to a PromptLab Jobs API: each answer is a job, which survives lost connections and
 * reloads. For pages that call the API themselves; with an API key that must stay on a server, use `chatHandlers` there.
 */
export class PromptLabChatTransport<Message extends UIMessage = UIMessage> implements ChatTransport<Message> {
  /** A resumed answer comes from its beginning. */
  readonly resumeStreamIsReplay = true
  readonly #jobs: ChatJobs
  readonly #leavesAborted: boolean

  constructor(options: ChatTransportOptions) {
    this.#jobs = new ChatJobs(options)
    this.#leavesAborted = options.onAbort === 'leave'
  }

  /**
   * Creates a job of the whole chat and streams its answer.
   * @throws ApiError the server refused the job
   * @throws ConnectionError the server could not be reached, and every retry failed
   * @throws PromptLabError a file is neither a data URL nor at an https address, or of a type that no job may have
   */
  async sendMessages({ chatId, messages, trigger, messageId, body, abortSignal }: SendOptions) {
    count(chatId)
    // The signal does not abort the request: a job whose answer nobody awaits must still be found, to be cancelled.
    const creating = this.#jobs.create({ chatId, messages, trigger, messageId, body: { ...body } })
    this.#onStop(chatId, abortSignal, creating)
    return this.#stream(await unlessAborted(creating, abortSignal), abortSignal)
  }

  /** Streams the answer that a chat waits for, or got within the last minute, from its beginning; null if there is none. */
  async reconnectToStream({ chatId, abortSignal }: ReconnectOptions): Promise<ReadableStream<UIMessageChunk> | null> {
    count(chatId)
    const finding = this.#jobs.running(chatId)
    this.#onStop(chatId, abortSignal, finding)
    const answer = await unlessAborted(finding, abortSignal)
    return answer ? this.#stream(answer, abortSignal) : null
  }

  /** Cancels the answer that a chat waits for, from wherever it was asked. */
  cancel(chatId: string): Promise<void> {
    return this.#jobs.cancel(chatId)
  }

  #onStop(chatId: string, signal: AbortSignal | undefined, answer: Promise<Answer | undefined>): void {
    if (!signal || this.#leavesAborted) return
    const call = calls.get(chatId)
    const cancel = async () => {
      // useChat also aborts a stream that it resumes at once again, as in React's strict mode.
      await Promise.resolve()
      if (calls.get(chatId) !== call) return
      const jobId = (await answer)?.jobId
      if (jobId !== undefined) await this.#jobs.client.cancel(jobId)
    }
    // Nobody is left who could be told that it failed.
    signal.addEventListener('abort', () => void cancel().catch(() => {}), { once: true })
  }

  #stream(answer: Answer, signal: AbortSignal | undefined): ReadableStream<UIMessageChunk> {
    const left = new AbortController()
    const reading = signal ? AbortSignal.any([signal, left.signal]) : left.signal
    const stream = this.#jobs.client.stream(answer.jobId, { signal: reading })
    return streamOf(answerChunks(answer, stream), () => left.abort(), lostConnection)
  }
}

function count(chatId: string): void {
  calls.set(chatId, (calls.get(chatId) ?? 0) + 1)
}

/** The error by which useChat knows that the answer goes on elsewhere, and resumes it when the page is looked at again. */
function lostConnection(error: unknown): unknown {
  if (!(error instanceof ConnectionError)) return error
  return new TypeError('The network connection to the answer was lost. The answer goes on.', { cause: error })
}

/** The result, or at once the reason of the signal when it aborts. */
function unlessAborted<Result>(result: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal?.reason)
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort, { once: true })
    result.then(resolve, reject).finally(() => signal?.removeEventListener('abort', abort))
  })
}
