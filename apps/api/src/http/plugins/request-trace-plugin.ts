import fp from 'fastify-plugin'
import type { JobTracer, RequestTrace } from '../../jobs/ports/job-tracer.ts'
import { pathOf } from '../path-of.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether requests to the route are part of traces. */
    readonly traced?: boolean
  }
  interface FastifyRequest {
    /** Undefined when tracing is off, and on routes that are not traced. */
    trace: RequestTrace | undefined
  }
}

interface RequestTraceOptions {
  tracer: JobTracer | undefined
}

/** Traces the requests to routes whose config has `traced`, from the headers of the request to the end of the answer. */
export const requestTracePlugin = fp<RequestTraceOptions>(
  async (app, { tracer }) => {
    app.decorateRequest('trace', undefined)
    if (!tracer) return

    app.addHook('onRequest', async (request, reply) => {
      const { method, protocol: scheme, routeOptions } = request
      if (!routeOptions.config.traced || routeOptions.url === undefined) return
      const { traceparent } = request.headers
      const trace = tracer.requestStarted({
        method,
        route: routeOptions.url,
        path: pathOf(request),
        scheme,
        traceparent: typeof traceparent === 'string' ? traceparent : undefined,
      })
      request.trace = trace
      reply.raw.once('close', () => {
        const { jobId, caller } = request
        trace.ended({ status: reply.raw.statusCode, jobId, caller })
      })
    })
  },
  { name: 'request-trace' },
)
