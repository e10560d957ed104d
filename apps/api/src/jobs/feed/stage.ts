import type { JobSummary } from '@promptlab/contract'

/** How far a job has come, to put its states in order. */
export interface Stage {
  /** 0: it waits for its first run. 1: it runs, or waits for the next run. 2: it has ended. */
  readonly step: 0 | 1 | 2
  readonly status: JobSummary['status']
  readonly updatedAt: string
}

export function stageOf(job: JobSummary): Stage {
  const { status, updatedAt } = job
  return { step: stepOf(job), status, updatedAt }
}

function stepOf(job: JobSummary): Stage['step'] {
  if (job.status === 'pending') return job.waitingFor ? 1 : 0
  return job.status === 'running' ? 1 : 2
}

/** Whether a job was there already. Only between runs do the clocks of the processes decide. */
export function isReached(stage: Stage, last: Stage): boolean {
  return stage.step < last.step || isSame(stage, last) || (stage.step === last.step && stage.updatedAt < last.updatedAt)
}

export function isSame(stage: Stage, last: Stage): boolean {
  // An end is final.
  return stage.step === last.step && (stage.step === 2 || equal(stage, last))
}

function equal(stage: Stage, last: Stage): boolean {
  return stage.status === last.status && stage.updatedAt === last.updatedAt
}
