import { createHash } from 'node:crypto'
import { createJobBody } from '@promptlab/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { ApiError } from '../base/api-error.ts'
import { requestValidator } from '../http/problems/request-validator.ts'
import { schemaFault } from '../http/routes/schema-fault.ts'
import type { OpenStreams } from '../http/streams/open-streams.ts'
import type { CreatedJob } from '../jobs/create/job-creator.ts'
import type { DoorName } from '../jobs/door.ts'
import type { AskedJob, AskedMessage } from '../jobs/input/asked-job.ts'
import type { StoredFinalJob, StoredJob } from '../jobs/job.ts'
import type { JobService } from '../jobs/job-service.ts'
import type { WaitingClients } from '../jobs/repeats/waiting-clients.ts'
import { BEGUN_PIECES_VIEW, BEHIND_ALL_PIECES, PIECES_VIEW } from '../jobs/views/pieces-view.ts'
import type { AskedAtDoor } from './asked-at-door.ts'
import { askedFallbacks, FALLBACKS_HEADER, fallbackParam } from './asked-fallbacks.ts'
import { askedMaxCost, inParamsOfDoor, MAX_COST_HEADER } from './asked-max-cost.ts'
import { askedWebhook, WEBHOOK_HEADER, webhookParam } from './asked-webhook.ts'
import type { DoorEncoder } from './door-encoder.ts'
import { inWordsOfDoor, JobEndedError } from './door-error.ts'
import { DoorJsonFormat, DoorStreamFormat } from './door-formats.ts'
import { type Refuse, writeRefusal } from './door-refusal.ts'
import type { ModelNames } from './model-names.ts'

interface DoorJobsDeps {
  readonly service: JobService
  readonly clients: WaitingClients
  readonly streams: OpenStreams
  readonly names: ModelNames
  /** The longest text, in Unicode code points. */
  readonly maxPromptChars: number
}

/** How a door answers a request that waits for its job. */
export interface ForegroundAnswer {
  readonly isStreamed: boolean
  readonly encoder: (job: StoredJob) => DoorEncoder
  /** The answer without a stream. */
  readonly json: (job: StoredFinalJob) => object
}

const RetryHeaders = z.object({
  'x-stainless-retry-count': z.coerce.number().optional().catch(undefined),
  'x-promptlab-join': z.string().optional().catch(undefined),
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/)
    .optional(),
})
/** Headers that change what a request means. */
const MEANINGFUL_HEADERS = [
  'anthropic-version',
  'anthropic-beta',
  'openai-organization',
  'openai-project',
  FALLBACKS_HEADER,
  WEBHOOK_HEADER,
  MAX_COST_HEADER,
] as const

/** The headers of doors that scripts of other origins may read. */
export const DOOR_HEADERS = ['X-Promptlab-Job', 'X-Promptlab-Joined', 'X-Should-Retry', 'Retry-After-Ms', 'Request-Id']

/** Makes and answers the jobs of one door. */
export class DoorJobs {
  readonly #name: DoorName
  readonly #refuse: Refuse
  readonly #deps: DoorJobsDeps
  readonly #validate: ReturnType<typeof requestValidator>
  /** Requests that were told how their job ended, as an answer that is no success. */
  readonly #told = new WeakSet<FastifyRequest>()

  constructor(name: DoorName, refuse: Refuse, deps: DoorJobsDeps) {
    this.#name = name
    this.#refuse = refuse
    this.#deps = deps
    const schema = createJobBody({ maxPromptChars: deps.maxPromptChars, schemaFault })
    this.#validate = requestValidator({ schema, method: 'POST', url: '', httpPart: 'body' })
  }

  /**
   * Makes the job of a request, or joins the one that is there, see `WaitingClients`. The client counts as waiting until the
   * response is over.
   * @throws ApiError with the parameters of the door
   */
  async create(request: FastifyRequest, reply: FastifyReply, asked: AskedAtDoor): Promise<CreatedJob> {
    const { service, streams, names } = this.#deps
    const { caller, trace } = request
    const { echo, isStored, isBackground } = asked
    const headers = retryHeadersOf(request)
    const isRetry = headers['x-promptlab-join'] === 'off' ? undefined : (headers['x-stainless-retry-count'] ?? 0) > 0
    const door = { name: this.#name, ...(echo && { echo }) }
    const atDoor = { door, requestDigest: this.#digestOf(request), isStored, isForeground: !isBackground, isRetry }
    const fallbacks = askedFallbacks(request.headers[FALLBACKS_HEADER], asked.job, (name) => names.resolve(name))
    const webhook = askedWebhook(request.headers[WEBHOOK_HEADER])
    const maxCostUsd = askedMaxCost(request.headers[MAX_COST_HEADER])
    const inHeaders = {
      ...(fallbacks && { fallbacks }),
      ...(webhook && { webhook }),
      ...(maxCostUsd !== undefined && { maxCostUsd }),
    }
    const asJob = { ...withPrompt(asked.job), ...inHeaders }
    const paramOf = (path: string) =>
      fallbackParam(path) ?? webhookParam(path) ?? asked.paramOf(path === 'prompt' ? 'messages[0].content' : path)
    try {
      this.#check(asJob)
      if (asked.isStreamed || !asked.isBackground) streams.check(request)
      const creation = { key: headers['idempotency-key'], traceparent: trace?.traceparent, atDoor }
      const created = await service.create(asJob, caller, creation)
      const { job, isReplay, hasJoined } = created
      request.jobId = job.id
      request.releaseBody()
      reply.header('x-promptlab-job', job.id)
      if (isReplay) reply.header('idempotency-replayed', 'true')
      else this.#watch(job, reply)
      if (hasJoined) reply.header('x-promptlab-joined', 'true')
      return created
    } catch (error) {
      throw error instanceof ApiError ? inWordsOfDoor(inParamsOfDoor(error, paramOf), paramOf) : error
    }
  }

  /** Answers when the job has said something or has ended, and in any case after some seconds. */
  answer(reply: FastifyReply, job: StoredJob, { isStreamed, encoder, json }: ForegroundAnswer): FastifyReply {
    if (isStreamed) return this.stream(reply, job, encoder(job), true)
    const format = new DoorJsonFormat(json, (error) => this.#refuse(error, reply.request).body)
    const reading = { view: PIECES_VIEW, after: BEHIND_ALL_PIECES }
    this.#deps.streams.sendAs(format, reply, job, reading, this.#writeError)
    return reply
  }

  /**
   * Answers with the stream of a job from its beginning.
   * @param mayRefuse whether a job that fails at once is answered with the status of its failure
   */
  stream(reply: FastifyReply, job: StoredJob, encoder: DoorEncoder, mayRefuse: boolean): FastifyReply {
    const format = new DoorStreamFormat(encoder, mayRefuse)
    const view = job.fallbacks ? BEGUN_PIECES_VIEW : PIECES_VIEW
    this.#deps.streams.sendAs(format, reply, job, { view, after: 0 }, this.#writeError)
    return reply
  }

  readonly #writeError = (error: ApiError, reply: FastifyReply): void => {
    if (error instanceof JobEndedError) this.#told.add(reply.request)
    writeRefusal(this.#refuse(error, reply.request), reply)
  }

  /** The bounds of a job are the same at every door. */
  #check(job: AskedJob): void {
    const { messages } = job
    const result = this.#validate({ ...job, ...(messages && { messages: messages.map(nativeForm) }) })
    if (typeof result === 'object' && 'error' in result && result.error) throw result.error
  }

  #watch(job: StoredJob, { raw, request }: FastifyReply): void {
    const leave = () => {
      // A client that was refused for another reason, such as a server that stops, has got nothing of its answer.
      const isAnswered = raw.statusCode === 200 || this.#told.has(request)
      const hadHead = isAnswered && raw.headersSent
      this.#deps.clients.left(job, { isDelivered: isAnswered && raw.writableFinished, hadHead })
    }
    // The client may have left while its job was made.
    if (raw.closed) leave()
    else raw.once('close', leave)
  }

  #digestOf({ body, caller, headers, routeOptions }: FastifyRequest): string {
    const meaning = MEANINGFUL_HEADERS.map((name) => headers[name] ?? '')
    return createHash('sha256')
      .update(JSON.stringify([caller ?? '', routeOptions.url, meaning]))
      .update(JSON.stringify(body))
      .digest('base64url')
  }
}

function retryHeadersOf({ headers }: FastifyRequest): z.infer<typeof RetryHeaders> {
  const parsed = RetryHeaders.safeParse(headers)
  if (parsed.success) return parsed.data
  const path = 'idempotency-key'
  const message = 'Must be 1 to 255 visible ASCII characters, given once'
  throw new ApiError('invalid-request', `${path}: ${message}.`, { faults: [{ path, message }] })
}

/** A single text of the user is a prompt, so that providers which take only a prompt serve the doors too. */
function withPrompt(job: AskedJob): AskedJob {
  const { messages: [first, ...others] = [], ...rest } = job
  const prompt = first?.role === 'user' && others.length === 0 ? onlyTextOf(first.content) : undefined
  return prompt === undefined ? job : { ...rest, prompt }
}

function onlyTextOf(content: Extract<AskedMessage, { role: 'user' }>['content']): string | undefined {
  if (typeof content === 'string') return /\S/.test(content) ? content : undefined
  const [part] = content
  return content.length === 1 && part?.type === 'text' && /\S/.test(part.text) ? part.text : undefined
}

/** The message without what only doors send, in parts of the same number. */
function nativeForm(message: AskedMessage): object {
  if (message.role !== 'assistant' || typeof message.content === 'string') return message
  const content = message.content.map(({ carry: _, ...part }) =>
    part.type === 'reasoning' || part.type === 'refusal' ? { type: 'text', text: part.text } : part,
  )
  return { ...message, content }
}
