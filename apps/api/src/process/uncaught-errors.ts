import type { FastifyInstance } from 'fastify'

/**
 * What becomes of errors that nobody caught: one thrown in the run of a job, such as a rejection that an SDK leaves behind,
 * fails that job alone. After any other the process is in no known state: it ends as after SIGTERM, with exit code 1.
 */
export function handleUncaughtErrors(
  source: NodeJS.EventEmitter,
  app: Pick<FastifyInstance, 'log' | 'failCurrentRun'>,
  stop: () => void,
): void {
  const handle = (error: unknown) => {
    if (app.failCurrentRun(error)) {
      app.log.error({ err: error }, 'an error that nobody caught in the run of a job')
      return
    }
    app.log.fatal({ err: error }, 'an error that nobody caught')
    stop()
  }
  source.on('uncaughtException', handle)
  source.on('unhandledRejection', handle)
}
