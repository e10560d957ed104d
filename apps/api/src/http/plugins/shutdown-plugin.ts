import { setTimeout as sleep } from 'node:timers/promises'
import fp from 'fastify-plugin'
import { ApiError } from '../../base/api-error.ts'
import { closed, SideListeners } from '../side-listeners.ts'
import type { OpenStreams } from '../streams/open-streams.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Aborts as soon as the server begins to stop. */
    readonly stopping: AbortSignal
    /** They stop listening when the server does. */
    readonly sideListeners: SideListeners
  }
}

interface ShutdownOptions {
  /** Starts no more jobs, and resolves when no job runs. */
  drain: () => Promise<void>
  /** Ends the jobs that still run. */
  interrupt: () => void
  /** The streams of this process. */
  streams: Pick<OpenStreams, 'drained' | 'stopAll' | 'stopWaiting'>
  /** Whether jobs that do not run here may go on in another process. */
  othersRunJobs: boolean
  /** How long running jobs, and the streams of clients that cannot resume, may take to end by themselves. */
  drainMs: number
}

/** How long answers may take to reach their clients after all jobs have ended. */
const LAST_ANSWERS_MS = 1_000

/**
 * Stops the server in this order: it stops listening; native streams end, so that clients resume at another server; running jobs
 * and the streams of clients that cannot resume get time to end; what is left is interrupted and broken; connections close.
 * The stores close after that, in onClose.
 */
export const shutdownPlugin = fp<ShutdownOptions>(
  async (app, { drain, interrupt, streams, othersRunJobs, drainMs }) => {
    const stopping = new AbortController()
    app.decorate('stopping', stopping.signal)
    const sideListeners = new SideListeners(app.server)
    app.decorate('sideListeners', sideListeners)

    app.addHook('onRequest', (request, _, done) => {
      if (!stopping.signal.aborted) return done()
      // The request came over a connection that was already open. For a stream the connection is broken, because an EventSource
      // connects again after a network error, and never after an answer other than 200.
      if (request.headers.accept?.includes('text/event-stream')) request.raw.destroy()
      done(new ApiError('shutting-down', 'This server is shutting down. Try again in a moment.'))
    })

    // preClose, not onClose: the server waits for open responses before onClose runs.
    app.addHook('preClose', async () => {
      const allClosed = Promise.all([closed(app.server), sideListeners.close()])
      stopping.abort()
      app.server.closeIdleConnections()
      const drained = drain().then(() => {
        // Nobody runs the jobs of these streams before the server starts again.
        if (!othersRunJobs) streams.stopWaiting()
      })
      const streamed = streams.drained()
      await within(drainMs, Promise.all([drained, streamed]))
      interrupt()
      await drained
      // The streams of jobs that were interrupted here have something to say. Other jobs run on elsewhere.
      await within(LAST_ANSWERS_MS, streamed)
      streams.stopAll()
      await within(LAST_ANSWERS_MS, allClosed)
      app.server.closeAllConnections()
    })
  },
  { name: 'shutdown' },
)

async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  const limit = new AbortController()
  await Promise.race([work, sleep(limitMs, undefined, { signal: limit.signal }).catch(() => {})])
  limit.abort()
}
