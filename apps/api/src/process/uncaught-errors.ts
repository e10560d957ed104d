import type { FastifyInstance } from 'fastify'

/**
 * Handles uncaught errors. An error in the run of a job, such as a rejection that an SDK does not handle, fails that job alone.
 * After any other error the state of the process is unknown: it ends as after SIGTERM, with exit code 1.
 */
export function handleUncaughtErrors(
  source: NodeJS.EventEmitter,
  app: Pick<FastifyInstance, 'log' | 'failCurrentRun'>,
  stop: () => void,
): void {
  const handle = (error: unknown) => {
    if (app.failCurrentRun(error)) {
      app.log.error({ err: error }, 'uncaught error in the run of a job; the job failed')
      return
    }
    app.log.fatal({ err: error }, 'uncaught error; the process ends')
    stop()
  }
  source.on('uncaughtException', handle)
  source.on('unhandledRejection', handle)
}
