import type { UIMessageChunk } from 'ai'
import { ApiError } from '../errors.ts'
import { type Answer, answerChunks } from './answer-chunks.ts'
import { checkedChatId, readChatRequest } from './chat-body.ts'
import { ChatJobs, type ChatScope } from './chat-jobs.ts'
import type { ChatOptions } from './chat-options.ts'
import { eventStreamResponse } from './event-stream.ts'
import { refusalOf } from './refusal.ts'

export interface ChatHandlersOptions extends ChatOptions {
  /**
   * Says whose chat it is: entries of metadata, such as the id of the user who is signed in. Every job of the chat gets them, and a
   * chat is resumed and stopped only if its jobs have them. A `Response` refuses the request, such as one of nobody.
   */
  readonly scope?: ((request: Request) => ChatScope | Response | Promise<ChatScope | Response>) | undefined
  /** The largest body of a chat, in bytes. Default 20 MiB, which is what the Jobs API takes by default. */
  readonly maxBytes?: number | undefined
}

/** The second argument of a route handler of Next.js. */
export interface ChatRoute {
  readonly params: { readonly id: string } | Promise<{ readonly id: string }>
}

/** Handlers of `Request` and `Response`, as Next.js, Hono and others have them. */
export interface ChatHandlers {
  /** `POST /api/chat`: creates the job that answers, and streams it. */
  readonly send: (request: Request) => Promise<Response>
  /** `GET /api/chat/[id]/stream`: streams the answer that the chat waits for, from its beginning; 204 if there is none. */
  readonly resume: (request: Request, route: ChatRoute) => Promise<Response>
  /** `POST /api/chat/[id]/stop`: cancels the answer that the chat waits for. */
  readonly stop: (request: Request, route: ChatRoute) => Promise<Response>
}

/**
 * Route handlers for the AI SDK's `DefaultChatTransport`, so that the API key stays on this server. A client that leaves does not
 * cancel its job. Nothing of a request is passed on but the chat itself.
 */
export function chatHandlers({ scope, maxBytes = 20_971_520, ...options }: ChatHandlersOptions): ChatHandlers {
  const jobs = new ChatJobs(options)

  const streamed = (answer: Answer): Response => {
    const left = new AbortController()
    const stream = jobs.client.stream(answer.jobId, { signal: left.signal })
    return eventStreamResponse(withRefusals(answerChunks(answer, stream)), () => left.abort())
  }

  const handle = async (request: Request, answer: (scope: ChatScope) => Promise<Response>): Promise<Response> => {
    try {
      const scoped = (await scope?.(request)) ?? {}
      return scoped instanceof Response ? scoped : await answer(scoped)
    } catch (error) {
      const refusal = refusalOf(error)
      if (!refusal) throw error
      return refusal.response()
    }
  }

  return {
    send: (request) =>
      handle(request, async (scoped) => {
        const chat = await readChatRequest(request, maxBytes)
        return streamed(await jobs.create(chat, scoped))
      }),
    resume: (request, { params }) =>
      handle(request, async (scoped) => {
        const answer = await jobs.running(checkedChatId((await params).id), scoped)
        return answer ? streamed(answer) : nothing()
      }),
    stop: (request, { params }) =>
      handle(request, async (scoped) => {
        await jobs.cancel(checkedChatId((await params).id), scoped)
        return nothing()
      }),
  }
}

function nothing(): Response {
  return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } })
}

/** A job that the server does not have any more is no lost connection. */
async function* withRefusals(chunks: AsyncGenerator<UIMessageChunk, void>): AsyncGenerator<UIMessageChunk, void> {
  try {
    yield* chunks
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    yield { type: 'error', errorText: refusalOf(error)?.message ?? error.message }
  }
}
