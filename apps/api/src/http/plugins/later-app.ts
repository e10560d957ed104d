import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Headers that belong to a connection, and not to an answer. */
const OF_CONNECTION = ['connection', 'date', 'keep-alive', 'transfer-encoding']

/**
 * A handler of `GET` and `HEAD` that answers as another app does. The other app is built when its first answer is needed, so that
 * what only few servers are asked for costs the start nothing.
 * @param build may load the code of the app
 */
export function answerFrom(build: () => Promise<FastifyInstance>) {
  let building: Promise<FastifyInstance> | undefined
  const built = () => {
    building ??= build().catch((error: unknown) => {
      building = undefined
      throw error
    })
    return building
  }
  return async ({ url, headers }: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const app = await built()
    // Of an answer to HEAD, Fastify leaves the body out.
    const answer = await app.inject({ method: 'GET', url, headers })
    if (answer.statusCode === 404) {
      reply.callNotFound()
      return reply
    }
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined && !OF_CONNECTION.includes(name)) reply.header(name, value)
    }
    const { rawPayload } = answer
    return reply.code(answer.statusCode).send(rawPayload.length > 0 ? rawPayload : undefined)
  }
}
