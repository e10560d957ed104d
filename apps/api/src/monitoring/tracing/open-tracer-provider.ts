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
  /** Which traces are recorded, by the names that OpenTelemetry has for that. */
  readonly sampler: keyof typeof SAMPLERS
  /** For the samplers by ratio: the share of traces that are recorded, 0 to 1. */
  readonly ratio: number
}

/** How long spans wait for others that go with them, in milliseconds. */
const BATCH_MS = 1_000

const SAMPLERS = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio) => new TraceIdRatioBasedSampler(ratio),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (ratio) => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
} satisfies Record<string, (ratio: number) => Sampler>

/** Nothing of it is global: whoever embeds the app may have an OpenTelemetry of its own. */
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

/** Has the log say what the SDK does not understand in the variables that it reads itself, and nothing that it says later. */
function configured<Made>(logger: Logger, make: () => Made): Made {
  const ignore = () => {}
  const warn = (reason: string) => logger.warn({ reason }, 'a variable of OpenTelemetry is ignored')
  diag.setLogger({ error: warn, warn, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN)
  try {
    return make()
  } finally {
    diag.disable()
  }
}
