import type { Cost, JobMetrics, VendorCall } from '@promptlab/contract'
import type { Message } from '@promptlab/providers'
import { answerLength } from '../answer/stored-answer.ts'
import { decodeTape, entriesOf } from '../answer/tape.ts'
import { answererOf } from '../answerer.ts'
import { countedCost, spentOn } from '../budget/counted-cost.ts'
import { costOfCall } from '../cost/call-cost.ts'
import { totalCost } from '../cost/total-cost.ts'
import { hasConversation, readConversation } from '../input/conversation.ts'
import type { StoredRunningJob } from '../job.ts'
import { optionsFor } from '../options-for.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type { Prices } from '../ports/prices.ts'
import { StorageUnavailableError } from '../ports/storage-errors.ts'

interface Deps {
  readonly jobs: Pick<JobRepository, 'find' | 'findItem'>
  readonly prices?: Prices | undefined
}

/**
 * The metrics of a job whose process is gone. Nobody knows what its last call cost, so the cost is estimated from the answer
 * of the last checkpoint. A job without a checkpoint counts with its input: its call may have begun.
 * @throws StorageUnavailableError
 */
export async function interruptedMetrics(job: StoredRunningJob, { jobs, prices }: Deps): Promise<JobMetrics> {
  const { metrics } = job
  const called = answererOf(job)
  const endedBecause = 'interrupted' as const
  const open = metrics.calls?.find((call) => call.endedBecause === undefined)
  if (!prices?.isBilled(called.provider)) return withCalls(metrics, endedCalls(metrics.calls, open, { endedBecause }))
  const options = optionsFor(job, called)
  const call = {
    input: await readInput(job, called.provider, jobs),
    answer: { pieceCount: pieceCountOf(job), length: answerLength(job) },
    at: Date.parse(open?.startedAt ?? job.updatedAt),
  }
  const cost = costOfCall({ ...call, job: { ...called, options }, endedBecause }, prices)
  const left = leftOf(job)
  const ended = {
    endedBecause,
    cost: left === undefined ? cost : countedCost(cost, { ...call, choice: called, options }, prices, left),
  }
  // Of a fallback, and of a job that was put back and runs again, the record may not have the last call yet.
  const isPutBack = metrics.calls !== undefined && metrics.attempts === job.runState?.attempts
  return !open && (metrics.answeredBy || isPutBack)
    ? withCalls(metrics, [...(metrics.calls ?? []), { ...called, startedAt: job.updatedAt, ...ended }])
    : withCalls(metrics, endedCalls(metrics.calls, open, ended), ended.cost)
}

/** What a job had left of its reservation for its last call, in billionths of a US dollar. Undefined if it has none. */
function leftOf({ reserved, metrics }: StoredRunningJob): number | undefined {
  return reserved === undefined ? undefined : reserved - spentOn(metrics.calls?.flatMap(({ cost }) => cost ?? []) ?? [])
}

function endedCalls(calls: JobMetrics['calls'], open: VendorCall | undefined, ended: Partial<VendorCall>) {
  return calls?.map((call) => (call === open ? { ...call, ...ended } : call))
}

/** @param only the cost if there are no calls */
function withCalls(metrics: JobMetrics, calls: JobMetrics['calls'], only?: Cost): JobMetrics {
  const cost = totalCost(calls?.flatMap((call) => call.cost ?? []) ?? (only ? [only] : []))
  return { ...metrics, ...(cost && { cost }), ...(calls && { calls }) }
}

function pieceCountOf({ tape }: StoredRunningJob): number {
  return tape === undefined ? 0 : [...entriesOf(decodeTape(tape))].length
}

/** Undefined if a job or an item of the conversation is gone. */
async function readInput(
  job: StoredRunningJob,
  provider: string,
  jobs: Deps['jobs'],
): Promise<string | readonly Message[] | undefined> {
  if (!hasConversation(job)) return job.prompt
  try {
    return await readConversation(job, jobs, provider)
  } catch (error) {
    if (error instanceof StorageUnavailableError) throw error
    return undefined
  }
}
