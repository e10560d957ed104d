import type { FinalJob, Job, OutputPart } from '@promptlab/client'
import { partsOf } from './answer-parts.ts'
import type { JobView } from './job-view.ts'

/** A job that has not ended, before anything of its answer came. */
export function openedView(job: Job): Partial<JobView> {
  return { phase: 'waiting', ...knownView(job), waitingFor: 'waitingFor' in job ? job.waitingFor : undefined }
}

/** A job that has ended. */
export function endedView(job: FinalJob): Partial<JobView> {
  return {
    ...knownView(job),
    phase: job.status,
    text: job.result,
    parts: partsOf(job.output ?? textOf(job.result), job.metrics),
    tokens: job.metrics.tokenCount,
    metrics: job.metrics,
    error: job.status === 'failed' ? job.error : undefined,
    waitingFor: undefined,
  }
}

/** What of a job does not change. */
export function knownView(job: Job): Partial<JobView> {
  const { id, provider, model, prompt, options, metadata } = job
  return { id, job, asked: { provider, model, prompt, options, metadata } }
}

function textOf(text: string): OutputPart[] {
  return text === '' ? [] : [{ type: 'text', text }]
}
