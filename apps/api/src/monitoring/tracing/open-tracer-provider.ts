import { DiagLogLevel, diag } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
  serviceNameEnvDetector,
} from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Logger } from '../../base/logger.ts'
import { ReportedExporter } from './reported-exporter.ts'

export interface TracingOptions {
  /** The base URL of the collector; traces go to `v1/traces` under it. */
  readonly endpoint: string
  /** Selects the traces that are recorded. The names are those of OpenTelemetry. */
  readonly sampler: keyof typeof SAMPLERS
  /** The share of traces that the ratio samplers record, 0 to 1. */
  readonly ratio: number
}

/** How long spans are collected before a batch is sent, in milliseconds. */
const BATCH_MS = 1_000

const SAMPLERS = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio) => new TraceIdRatioBasedSampler(ratio),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (ratio) => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
} satisfies Record<string, (ratio: number) => Sampler>

/** Opens an OpenTelemetry provider. It registers nothing globally, because an embedding program may have its own provider. */
export function openTracerProvider({ endpoint, sampler, ratio }: TracingOptions, logger: Logger): TracerProvider {
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`
  return new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'promptlab' }))
      .merge(
        detectResources({
          detectors: [serviceInstanceIdDetector, resourceAttributesEnvDetector, serviceNameEnvDetector],
        }),
      ),
    sampler: SAMPLERS[sampler](ratio),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new ReportedExporter(
          configured(logger, () => new OTLPTraceExporter({ url })),
          logger,
        ),
        scheduledDelayMillis: BATCH_MS,
      }),
    ],
  })
}

/** Logs the warnings of the SDK while it reads its environment variables, and none of its later messages. */
function configured<Made>(logger: Logger, make: () => Made): Made {
  const ignore = () => {}
  const warn = (reason: string) => logger.warn({ reason }, 'ignored an OpenTelemetry variable')
  diag.setLogger({ error: warn, warn, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN)
  try {
    return make()
  } finally {
    diag.disable()
  }
}
