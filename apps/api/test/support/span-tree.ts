import type { ExportedSpan } from './otlp-collector.ts'

/** The names of spans, each indented below its parent. */
export function spanTree(spans: readonly ExportedSpan[], parent: string | undefined, depth = 0): string[] {
  return spans
    .filter(({ parentSpanId = '' }) => parentSpanId === (parent ?? ''))
    .sort((one, other) => one.name.localeCompare(other.name))
    .flatMap((span) => [`${'  '.repeat(depth)}${span.name}`, ...spanTree(spans, span.spanId, depth + 1)])
}
