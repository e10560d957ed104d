import type { Cost, JobMetrics, VendorCall } from '@promptlab/contract'
import type { Message } from '@promptlab/providers'
import type { AnswerSize } from '../answer/answer.ts'
import { answerLength } from '../answer/stored-answer.ts'
import { decodeTape, entriesOf } from '../answer/tape.ts'
import { answererOf } from '../answerer.ts'
import { countedCost, spentOn } from '../budget/counted-cost.ts'
import { costOfCall } from '../cost/call-cost.ts'
import { estimatedTokensOf } from '../cost/estimated-usage.ts'
import { totalCost } from '../cost/total-cost.ts'
import { hasConversation, readConversation } from '../input/conversation.ts'
import type { StoredRunningJob } from '../job.ts'
import { optionsFor } from '../options-for.ts'
import type { ConversationStore } from '../ports/job-repository.ts'
import type { Prices } from '../ports/prices.ts'
import { StorageUnavailableError } from '../ports/storage-errors.ts'
import { usdOf } from '../usage/billionths.ts'

interface Deps {
  readonly jobs: ConversationStore
  readonly prices?: Prices | undefined
}

/** What came behind the last checkpoint is not older than this. */
const UNSTORED_MS = 500
/** About what a model says in that time, for a job that has no checkpoint yet. */
const UNSTORED_TOKENS = 25

/**
 * The metrics of a job whose process is gone. Nobody knows what its last call cost, so the cost is estimated from the answer
 * of the last checkpoint. A job without a checkpoint counts with its input: its call may have begun. A job with a reservation
 * also counts with what may have come behind its checkpoint, so that its caller's budget errs on the safe side.
 * @throws StorageUnavailableError
 */
export async function interruptedMetrics(job: StoredRunningJob, { jobs, prices }: Deps): Promise<JobMetrics> {
  const { metrics } = job
  const called = answererOf(job)
  const endedBecause = 'interrupted' as const
  const open = metrics.calls?.find((call) => call.endedBecause === undefined)
  if (!prices?.isBilled(called.provider)) return withCalls(metrics, endedCalls(metrics.calls, open, { endedBecause }))
  const options = optionsFor(job, called)
  const stored = { pieceCount: pieceCountOf(job), length: answerLength(job) }
  const call = {
    input: await readInput(job, called.provider, jobs),
    answer: stored,
    at: Date.parse(open?.startedAt ?? job.updatedAt),
  }
  const costOf = (answer: AnswerSize) =>
    costOfCall({ ...call, answer, job: { ...called, options }, endedBecause }, prices)
  const left = leftOf(job)
  const known = costOf(stored)
  const cost = left === undefined ? known : countedCost(known, { ...call, choice: called, options }, prices, left)
  const ended = {
    endedBecause,
    cost: left === undefined ? cost : onTheSafeSide(cost, costOf(withUnstored(stored, metrics)), left),
  }
  // Of a fallback, and of a job that was put back and runs again, the record may not have the last call yet.
  const isPutBack = metrics.calls !== undefined && metrics.attempts === job.runState?.attempts
  return !open && (metrics.answeredBy || isPutBack)
    ? withCalls(metrics, [...(metrics.calls ?? []), { ...called, startedAt: job.updatedAt, ...ended }])
    : withCalls(metrics, endedCalls(metrics.calls, open, ended), ended.cost)
}

/** The size of an answer with the tokens that may have come behind its checkpoint, as fast as those before. */
function withUnstored(stored: AnswerSize, { durationMs, firstPieceMs, ttftMs }: JobMetrics): AnswerSize {
  const tokens = estimatedTokensOf(stored)
  const sayingMs = durationMs - (firstPieceMs ?? ttftMs ?? 0)
  // Of a stretch that is shorter, no speed can be told.
  const unstored = tokens === 0 ? UNSTORED_TOKENS : Math.ceil((tokens * UNSTORED_MS) / Math.max(sayingMs, UNSTORED_MS))
  return { ...stored, pieceCount: tokens + unstored }
}

/** The cost with what was not stored, as far as the job had that left: nobody is charged more for a guess. */
function onTheSafeSide(cost: Cost, { usd: more = 0 }: Cost, left: number): Cost {
  return { ...cost, usd: Math.max(cost.usd ?? 0, Math.min(more, usdOf(left))) }
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
