import type { JobMetrics } from '@promptlab/contract'
import type { Message } from '@promptlab/providers'
import { answerLength } from '../answer/stored-answer.ts'
import { decodeTape, entriesOf } from '../answer/tape.ts'
import { costOfCall } from '../cost/call-cost.ts'
import { totalCost } from '../cost/total-cost.ts'
import { hasConversation, readConversation } from '../input/conversation.ts'
import type { StoredRunningJob } from '../job.ts'
import { type JobRepository, StorageUnavailableError } from '../ports/job-repository.ts'
import type { Prices } from '../ports/prices.ts'

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
  if (!prices?.isBilled(job.provider)) return metrics
  const open = metrics.calls?.find(({ endedBecause }) => endedBecause === undefined)
  const ended = {
    endedBecause: 'interrupted' as const,
    cost: costOfCall(
      {
        job,
        input: await readInput(job, jobs),
        answer: { pieceCount: pieceCountOf(job), length: answerLength(job) },
        at: Date.parse(open?.startedAt ?? job.updatedAt),
        endedBecause: 'interrupted',
      },
      prices,
    ),
  }
  const calls = metrics.calls?.map((call) => (call === open ? { ...call, ...ended } : call))
  const cost = totalCost(calls?.flatMap((call) => call.cost ?? []) ?? [ended.cost])
  return { ...metrics, ...(cost && { cost }), ...(calls && { calls }) }
}

function pieceCountOf({ tape }: StoredRunningJob): number {
  return tape === undefined ? 0 : [...entriesOf(decodeTape(tape))].length
}

/** Undefined if a job or an item of the conversation is gone. */
async function readInput(job: StoredRunningJob, jobs: Deps['jobs']): Promise<string | readonly Message[] | undefined> {
  if (!hasConversation(job)) return job.prompt
  try {
    return await readConversation(job, jobs)
  } catch (error) {
    if (error instanceof StorageUnavailableError) throw error
    return undefined
  }
}
