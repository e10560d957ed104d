import { type ExportResult, ExportResultCode } from '@opentelemetry/core'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'
import type { Logger } from '../../base/logger.ts'

/** Says once that the collector cannot be used, and once that it can again, instead of once a batch. */
export class ReportedExporter implements SpanExporter {
  readonly #exporter: SpanExporter
  readonly #logger: Pick<Logger, 'info' | 'warn'>
  #isAway = false

  constructor(exporter: SpanExporter, logger: Pick<Logger, 'info' | 'warn'>) {
    this.#exporter = exporter
    this.#logger = logger
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#exporter.export(spans, (result) => {
      this.#note(result)
      done(result)
    })
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown()
  }

  #note({ code, error }: ExportResult): void {
    const isAway = code !== ExportResultCode.SUCCESS
    if (isAway === this.#isAway) return
    this.#isAway = isAway
    if (!isAway) this.#logger.info({}, 'traces are delivered again')
    else this.#logger.warn({ reason: reasonOf(error) }, 'traces cannot be delivered and are dropped; jobs go on')
  }
}

function reasonOf(error: Error | undefined): string | undefined {
  // One that stands for the failures at several addresses has no words of its own.
  return error instanceof AggregateError ? error.errors.map(String).join('; ') : error?.message
}
