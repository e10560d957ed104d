import { type ExportResult, ExportResultCode } from '@opentelemetry/core'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'
import type { Logger } from '../../base/logger.ts'

/** Logs once when the collector fails and once when it works again, instead of once for each batch. */
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
    if (!isAway) this.#logger.info({}, 'delivered traces again')
    else this.#logger.warn({ reason: reasonOf(error) }, 'could not deliver traces; they are dropped, and jobs go on')
  }
}

function reasonOf(error: Error | undefined): string | undefined {
  // An AggregateError has one error for each address that was tried, and no message of its own.
  return error instanceof AggregateError ? error.errors.map(String).join('; ') : error?.message
}
