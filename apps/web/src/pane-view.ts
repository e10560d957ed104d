import type { JobMetrics, JobRequest } from '@promptlab/client'
import type { AnswerPart } from './answer-parts.ts'
import { recentRate, type TokenSamples } from './token-samples.ts'

type Phase = 'starting' | 'running' | 'completed' | 'failed' | 'cancelled'

/** The state of one job, as its pane shows it. */
export interface PaneView {
  readonly request: JobRequest | undefined
  readonly jobId: string | undefined
  readonly phase: Phase
  /** The text of the answer. */
  readonly text: string
  /** Everything that the model said, in order. */
  readonly parts: readonly AnswerPart[]
  readonly tokens: number
  readonly startedAt: number
  readonly firstTokenMs: number | undefined
  readonly samples: TokenSamples
  readonly metrics: JobMetrics | undefined
  readonly error: { readonly code: string; readonly message: string } | undefined
  readonly isReconnecting: boolean
}

/** Whether the job has completed, failed or been cancelled. */
export function isOver({ phase }: PaneView): boolean {
  return phase !== 'starting' && phase !== 'running'
}

/** Milliseconds to the first token: measured by the server once the job has ended, by this page before. */
export function firstTokenMs({ metrics, firstTokenMs }: PaneView): number | undefined {
  return metrics?.ttftMs ?? firstTokenMs
}

/** Tokens a second: over the last two seconds while the job runs, over the whole run afterwards. */
export function tokensPerSecond({ metrics, samples }: PaneView): number | undefined {
  if (metrics) {
    const ms = metrics.durationMs - (metrics.ttftMs ?? 0)
    return metrics.tokenCount > 1 && ms > 0 ? ((metrics.tokenCount - 1) / ms) * 1000 : undefined
  }
  return recentRate(samples)
}

export function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
