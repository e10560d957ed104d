import { type Context, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import type { Cost, Fallback, FinalJob, PendingJob } from '@promptlab/contract'
import type { CompletionSummary } from '@promptlab/providers'
import type { StoredRunningJob } from '../../jobs/job.ts'
import type { CallFailure, CallTrace, RunTrace } from '../../jobs/ports/job-tracer.ts'

/** Providers for which OpenTelemetry's conventions for generative AI have another name. */
const NAMES_BY_CONVENTION: ReadonlyMap<string, string> = new Map([['gemini', 'gcp.gemini']])

/** A run and its calls, as spans. The attributes never have the prompt or the answer. */
export class TracedRun implements RunTrace {
  readonly traceId: string
  readonly #tracer: Tracer
  readonly #job: StoredRunningJob
  readonly #span: Span
  readonly #context: Context
  #lastCall: TracedCall | undefined

  constructor(tracer: Tracer, job: StoredRunningJob, parent: Context) {
    this.#tracer = tracer
    this.#job = job
    const attributes = { 'promptlab.job.id': job.id, ...(job.owner !== undefined && { 'promptlab.caller': job.owner }) }
    this.#span = tracer.startSpan('run', { attributes }, parent)
    this.#context = trace.setSpan(parent, this.#span)
    this.traceId = this.#span.spanContext().traceId
  }

  callStarted({ provider, model }: Fallback): CallTrace {
    const { id, options: { temperature, maxTokens } = {} } = this.#job
    const attributes = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': NAMES_BY_CONVENTION.get(provider) ?? provider,
      'gen_ai.request.model': model,
      'gen_ai.request.stream': true,
      ...(temperature !== undefined && { 'gen_ai.request.temperature': temperature }),
      ...(maxTokens !== undefined && { 'gen_ai.request.max_tokens': maxTokens }),
      'promptlab.job.id': id,
    }
    const span = this.#tracer.startSpan(`chat ${model}`, { kind: SpanKind.CLIENT, attributes }, this.#context)
    this.#lastCall = new TracedCall(span)
    return this.#lastCall
  }

  ended(job: FinalJob | PendingJob): void {
    this.#span.setAttribute('promptlab.job.status', job.status)
    // Its calls have failed, and so have ended, before the job was put back.
    if (job.status === 'pending') {
      this.#span.end()
      return
    }
    const code = job.status === 'failed' ? job.error.code : undefined
    this.#lastCall?.failed(code ?? 'cancelled', undefined, job.metrics.calls?.at(-1)?.cost)
    setCost(this.#span, job.metrics.cost)
    if (code !== undefined) fail(this.#span, code)
    this.#span.end()
  }
}

class TracedCall implements CallTrace {
  readonly #span: Span
  #hasEnded = false

  constructor(span: Span) {
    this.#span = span
  }

  completed(
    { usage, finishReason }: CompletionSummary = {},
    firstTokenMs: number | undefined,
    cost: Cost | undefined,
  ): void {
    if (usage) {
      this.#span.setAttribute('gen_ai.usage.input_tokens', usage.inputTokens)
      this.#span.setAttribute('gen_ai.usage.output_tokens', usage.outputTokens)
    }
    setCost(this.#span, cost)
    this.#end(finishReason?.replaceAll('-', '_'), firstTokenMs)
  }

  failed(reason: CallFailure, firstTokenMs: number | undefined, cost: Cost | undefined): void {
    if (this.#hasEnded) return
    setCost(this.#span, cost)
    if (reason !== 'cancelled') fail(this.#span, reason)
    // The conventions use this word for every answer that is not complete.
    this.#end('error', firstTokenMs)
  }

  #end(finishReason: string | undefined, firstTokenMs: number | undefined): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    if (finishReason !== undefined) this.#span.setAttribute('gen_ai.response.finish_reasons', [finishReason])
    if (firstTokenMs !== undefined) {
      this.#span.setAttribute('gen_ai.response.time_to_first_chunk', firstTokenMs / 1000)
    }
    this.#span.end()
  }
}

/** OpenTelemetry's conventions have no name for costs. */
function setCost(span: Span, cost: Cost | undefined): void {
  if (!cost) return
  span.setAttribute('promptlab.cost.priced', cost.priced)
  if (cost.usd !== undefined) span.setAttribute('promptlab.cost.usd', cost.usd)
}

function fail(span: Span, code: string): void {
  span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', code)
}
