import { type Context, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api'
import { parseTraceParent } from '@opentelemetry/core'

/** What a `traceparent` of W3C Trace Context says is the parent; undefined if it is not one. */
export function parentOf(traceparent: string | undefined): Context | undefined {
  const position = traceparent === undefined ? null : parseTraceParent(traceparent)
  return position ? trace.setSpanContext(ROOT_CONTEXT, { ...position, isRemote: true }) : undefined
}

/** The `traceparent` that makes others children of this span. */
export function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
}
