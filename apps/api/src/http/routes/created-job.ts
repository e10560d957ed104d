import type { JobResource } from '@promptlab/contract'
import { isFinal } from '@promptlab/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { CreatedJob, Creation } from '../../jobs/create/job-creator.ts'
import type { StoredJob } from '../../jobs/job.ts'
import type { JobService } from '../../jobs/job-service.ts'
import type { OpenStreams } from '../streams/open-streams.ts'
import { STREAM_TYPES } from '../streams/stream-format.ts'
import { acceptedType } from './accepted-type.ts'
import { clientGone } from './client-gone.ts'
import { preferredWaitSeconds } from './prefer-wait.ts'
import { readingOf, type StreamQuery } from './stream-query.ts'

/** The headers of routes that create a job. */
export const CreateHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'Must be 1 to 255 visible ASCII characters')
    .optional(),
  prefer: z.union([z.string(), z.array(z.string())]).optional(),
})

interface CreatedJobDeps {
  readonly service: JobService
  readonly streams: OpenStreams
  /** The path of all jobs. */
  readonly prefix: string
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal
  /** The job as callers see it. */
  readonly shown: (job: StoredJob) => JobResource
}

type CreateRequest = FastifyRequest<{ Headers: z.infer<typeof CreateHeaders>; Querystring: StreamQuery }>

/** Answers requests that create a job: with the job, at once or after a wait, or with its stream. */
export class CreatedJobAnswers {
  readonly #deps: CreatedJobDeps

  constructor(deps: CreatedJobDeps) {
    this.#deps = deps
  }

  /** @param create makes the job of the request */
  async answer(request: CreateRequest, reply: FastifyReply, create: (creation: Creation) => Promise<CreatedJob>) {
    const { service, streams, prefix, shown, stopping } = this.#deps
    // Read first, so that a request for a stream that cannot be had creates no job.
    const stream = streamOf(request)
    const created = await create({ key: request.headers['idempotency-key'], traceparent: request.trace?.traceparent })
    request.jobId = created.job.id
    request.releaseBody()
    reply.header('location', `${prefix}/${created.job.id}`)
    if (created.isReplay) reply.header('idempotency-replayed', 'true')

    // The stream begins at the start of the text, also if an earlier request created the job.
    if (stream) {
      streams.send(reply, created.job, stream.reading, stream.type)
      return reply
    }

    const waitSeconds = preferredWaitSeconds(request.headers.prefer)
    if (waitSeconds === undefined) return reply.code(created.isReplay ? 200 : 202).send(shown(created.job))
    const interest = AbortSignal.any([clientGone(reply), stopping])
    const job = await service.wait(created.job.id, waitSeconds * 1000, interest)
    reply.header('preference-applied', `wait=${waitSeconds}`)
    return reply.code(created.isReplay || isFinal(job) ? 200 : 202).send(shown(job))
  }
}

/** The stream that a client wants in place of the job as JSON; undefined if it wants the job. */
function streamOf(request: CreateRequest) {
  const type = acceptedType(request, ['application/json', ...STREAM_TYPES])
  if (!type || type === 'application/json') return undefined
  const reading = readingOf(request.query, type)
  return reading && { reading, type }
}
