import { setTimeout as sleep } from 'node:timers/promises'
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, type Tracer } from '@opentelemetry/api'
import type { TracerProvider } from '@opentelemetry/sdk-trace'
import type { Logger } from '../../base/logger.ts'
import type { JobTracer, RequestTrace, RunTrace, TracedRequest } from '../../jobs/ports/job-tracer.ts'
import { openTracerProvider, type TracingOptions } from './open-tracer-provider.ts'
import { parentOf, traceparentOf } from './trace-position.ts'
import { TracedRun } from './traced-run.ts'

/** How long the last spans may take to reach the collector, in milliseconds. */
const LAST_SPANS_MS = 2_000

type RunOfJob = Parameters<JobTracer['runStarted']>[0]

/**
 * Sends spans to an OpenTelemetry collector, by OTLP over HTTP. While the collector does not answer, spans are dropped and
 * jobs go on (docs/decisions/2026-11-25-traces.md).
 */
export class OtlpJobTracer implements JobTracer {
  readonly #provider: TracerProvider
  readonly #tracer: Tracer
  readonly #logger: Pick<Logger, 'warn'>

  private constructor(provider: TracerProvider, logger: Pick<Logger, 'warn'>) {
    this.#provider = provider
    this.#tracer = provider.getTracer('promptlab')
    this.#logger = logger
  }

  /** Opens the tracer. It connects to the collector when it sends the first spans. */
  static open(options: TracingOptions, logger: Logger): OtlpJobTracer {
    return new OtlpJobTracer(openTracerProvider(options, logger), logger)
  }

  requestStarted({ method, route, path, scheme, traceparent }: TracedRequest): RequestTrace {
    const attributes = {
      'http.request.method': method,
      'http.route': route,
      'url.path': path,
      'url.scheme': scheme,
    }
    const parent = parentOf(traceparent) ?? ROOT_CONTEXT
    const span = this.#tracer.startSpan(`${method} ${route}`, { kind: SpanKind.SERVER, attributes }, parent)
    return {
      traceId: span.spanContext().traceId,
      traceparent: traceparentOf(span),
      ended: ({ status, jobId, caller }) => {
        span.setAttribute('http.response.status_code', status)
        if (jobId !== undefined) span.setAttribute('promptlab.job.id', jobId)
        if (caller !== undefined) span.setAttribute('promptlab.caller', caller)
        // A 4xx response is a fault of the request, not of the server.
        if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', String(status))
        span.end()
      },
    }
  }

  runStarted(job: RunOfJob, traceparent: string | undefined): RunTrace {
    const parent = parentOf(traceparent)
    if (parent) {
      const startTime = Date.parse(job.createdAt)
      const attributes = { 'promptlab.job.id': job.id }
      this.#tracer.startSpan('wait', { startTime, attributes }, parent).end(startTime + job.metrics.queuedMs)
    }
    return new TracedRun(this.#tracer, job, parent ?? ROOT_CONTEXT)
  }

  async close(): Promise<void> {
    const limit = new AbortController()
    const late = sleep(LAST_SPANS_MS, true, { signal: limit.signal }).catch(() => false)
    // The exporter has logged a collector that refuses spans.
    const delivered = this.#provider.shutdown().then(
      () => false,
      () => false,
    )
    const isLate = await Promise.race([delivered, late])
    limit.abort()
    if (isLate) this.#logger.warn({}, 'could not deliver the last traces in time; they were dropped')
  }
}
