import { type Context, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api'
import { parseTraceParent } from '@opentelemetry/core'

/** The parent span that a `traceparent` (W3C Trace Context) names. Undefined if the value is not valid. */
export function parentOf(traceparent: string | undefined): Context | undefined {
  const position = traceparent === undefined ? null : parseTraceParent(traceparent)
  return position ? trace.setSpanContext(ROOT_CONTEXT, { ...position, isRemote: true }) : undefined
}

/** The `traceparent` that names this span as the parent. */
export function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
}
