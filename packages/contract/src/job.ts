import { z } from 'zod'
import { Cost, VendorCall } from './cost.ts'
import { Fallback } from './fallback.ts'
import { ForkOrigin } from './fork-origin.ts'
import { JobError } from './job-error.ts'
import { JobOptions } from './job-options.ts'
import { MaxCostUsd } from './max-cost.ts'
import { ShownMessage } from './message.ts'
import { Metadata } from './metadata.ts'
import { OutputPart } from './output.ts'
import { Webhook } from './webhook.ts'

/** The number of tokens, as the vendor counts and bills them. */
export const TokenUsage = z.object({
  inputTokens: z.int().nonnegative(),
  outputTokens: z.int().nonnegative().describe('All tokens that the model generated, its reasoning among them.'),
  cachedInputTokens: z.int().nonnegative().optional().describe('Those of the input that came from a cache.'),
  cacheWriteTokens: z.int().nonnegative().optional().describe('Those of the input that were written into a cache.'),
  reasoningTokens: z.int().nonnegative().optional().describe('Those of the output that are reasoning.'),
})
export type TokenUsage = z.infer<typeof TokenUsage>

/**
 * Why the vendor stopped: by itself, at the token limit, by its content filter, to have tools called, because the model
 * refused, or for another reason.
 */
export const FinishReason = z.enum(['stop', 'length', 'content-filter', 'tool-calls', 'refusal', 'other'])
export type FinishReason = z.infer<typeof FinishReason>

/** Measurements of a job's run. Durations are whole milliseconds. */
export const JobMetrics = z.object({
  durationMs: z.int().nonnegative().describe('From the start of the run to its end.'),
  tokenCount: z.int().nonnegative().describe('The number of token events. `usage` has the numbers of the vendor.'),
  ttftMs: z
    .int()
    .nonnegative()
    .nullable()
    .describe('The time from the start of the run to its first token of text. Null if no text came.'),
  firstPieceMs: z
    .int()
    .nonnegative()
    .optional()
    .describe(
      'The time from the start of the run to its first piece of any kind. Present if the answer is more than text.',
    ),
  queuedMs: z.int().nonnegative().describe('From the creation of the job to the start of its run.'),
  attempts: z
    .int()
    .nonnegative()
    .describe(
      'The number of calls of the vendor. A call is repeated only if it failed before anything of the answer came.',
    ),
  usage: TokenUsage.optional().describe('Present if the vendor reported it.'),
  finishReason: FinishReason.optional().describe('Present if the vendor reported it.'),
  cost: Cost.optional().describe('What all calls of the job cost. Present once a job that called a vendor has ended.'),
  answeredBy: Fallback.optional().describe('Whose answer it is. Present if a fallback was asked.'),
  calls: z.array(VendorCall).optional().describe('The calls of the vendor, in order. Present if there was one.'),
})
export type JobMetrics = z.infer<typeof JobMetrics>

const request = {
  id: z.string().min(1),
  prompt: z.string().describe('The prompt, or the last text of the user in a job that was made of messages.'),
  messages: z.array(ShownMessage).optional().describe('Present if the job was made of messages.'),
  previousJobId: z.string().optional().describe('The job whose conversation goes on.'),
  provider: z.string(),
  model: z.string(),
  options: JobOptions.optional(),
  fallbacks: z.array(Fallback).optional().describe('Who is asked instead when a vendor fails before anything came.'),
  maxCostUsd: MaxCostUsd.optional(),
  webhook: Webhook.optional().describe('Who is told when the job ends.'),
  metadata: Metadata.optional(),
  rerunOf: z.string().optional().describe('The job whose input this one was made of.'),
  forkOf: ForkOrigin.optional().describe('The job whose answer this one goes on with, from a place in it.'),
}

/** Why a job that ran already waits again. */
export const WaitingFor = z.object({
  reason: z
    .enum(['rate-limit', 'overload'])
    .describe(
      '`rate-limit`: the vendor takes no more requests of this server. `overload`: it takes no more from anybody.',
    ),
  until: z.iso.datetime().describe('When the vendor is asked again, at the earliest.'),
})
export type WaitingFor = z.infer<typeof WaitingFor>

const progress = {
  result: z.string().describe('The text of the answer. If the job did not complete, the text up to its end.'),
  output: z
    .array(OutputPart)
    .optional()
    .describe('Everything that the model said, in order. Absent if that is the text in `result` and nothing else.'),
  metrics: JobMetrics,
}
const times = { createdAt: z.iso.datetime(), updatedAt: z.iso.datetime() }

export const PendingJob = z.object({
  ...request,
  status: z.literal('pending'),
  waitingFor: WaitingFor.optional().describe('Present if a vendor told the job to wait.'),
  ...times,
})
export type PendingJob = z.infer<typeof PendingJob>

/** `result` and `metrics` are those of the last checkpoint. The stream has the live text. */
export const RunningJob = z.object({ ...request, status: z.literal('running'), ...progress, ...times })
export type RunningJob = z.infer<typeof RunningJob>

const CompletedJob = z.object({ ...request, status: z.literal('completed'), ...progress, ...times })
const FailedJob = z.object({ ...request, status: z.literal('failed'), ...progress, error: JobError, ...times })
const CancelledJob = z.object({ ...request, status: z.literal('cancelled'), ...progress, ...times })

/** A job whose status never changes again. */
export const FinalJob = z.discriminatedUnion('status', [CompletedJob, FailedJob, CancelledJob])
export type FinalJob = z.infer<typeof FinalJob>

/** A job in one of its states: `pending → running → completed | failed | cancelled`. */
export const Job = z.discriminatedUnion('status', [PendingJob, RunningJob, CompletedJob, FailedJob, CancelledJob])
export type Job = z.infer<typeof Job>

/** The most UTF-16 code units of a text that lists show. */
export const LISTED_TEXT_LENGTH = 200

const beginningOf = (what: string) =>
  z
    .string()
    .max(LISTED_TEXT_LENGTH)
    .describe(`The first ${LISTED_TEXT_LENGTH} UTF-16 code units of the ${what} at most, never half a surrogate pair.`)

/**
 * The options of a job in a list. A list has numbers and the beginnings of texts, so that a page stays small. An option that
 * is not named here is left out.
 */
export const ListedOptions = z.object({
  system: beginningOf('system text').optional(),
  systemLength: z
    .int()
    .positive()
    .optional()
    .describe('The length of the whole system text, in UTF-16 code units. Present if there is one.'),
  ...JobOptions.pick({
    temperature: true,
    maxTokens: true,
    topP: true,
    seed: true,
    presencePenalty: true,
    frequencyPenalty: true,
    reasoning: true,
    parallelToolCalls: true,
  }).shape,
})
export type ListedOptions = z.infer<typeof ListedOptions>

const listed = {
  prompt: beginningOf('prompt'),
  promptLength: z.int().nonnegative().describe('The length of the whole prompt, in UTF-16 code units.'),
  options: ListedOptions.optional(),
}
const unlistedRequest = {
  messages: true,
  fallbacks: true,
  maxCostUsd: true,
  webhook: true,
} as const
const unlisted = { ...unlistedRequest, result: true, output: true } as const
const PendingSummary = PendingJob.omit(unlistedRequest).extend(listed)
const RunningSummary = RunningJob.omit(unlisted).extend(listed)
const CompletedSummary = CompletedJob.omit(unlisted).extend(listed)
const FailedSummary = FailedJob.omit(unlisted).extend(listed)
const CancelledSummary = CancelledJob.omit(unlisted).extend(listed)

/** A job in a list: with the beginnings of its prompt and its system text, and without its answer and what lists need not show. */
export const JobSummary = z.discriminatedUnion('status', [
  PendingSummary,
  RunningSummary,
  CompletedSummary,
  FailedSummary,
  CancelledSummary,
])
export type JobSummary = z.infer<typeof JobSummary>

/** The paths of a job on this server. */
export const JobLinks = z.object({
  self: z.string(),
  cancel: z.string(),
  stream: z
    .string()
    .describe(
      'A signed link to the stream of this job. It needs no key and is valid for an hour, or as configured. Browsers need it, as an EventSource sends no headers.',
    ),
})
export type JobLinks = z.infer<typeof JobLinks>

const linked = { links: JobLinks }

/** A job in an answer of the API: with its links. */
export const JobResource = z.discriminatedUnion('status', [
  PendingJob.extend(linked),
  RunningJob.extend(linked),
  CompletedJob.extend(linked),
  FailedJob.extend(linked),
  CancelledJob.extend(linked),
])
export type JobResource = z.infer<typeof JobResource>

/** A job in a list of the API: with its links. */
export const JobSummaryResource = z.discriminatedUnion('status', [
  PendingSummary.extend(linked),
  RunningSummary.extend(linked),
  CompletedSummary.extend(linked),
  FailedSummary.extend(linked),
  CancelledSummary.extend(linked),
])
export type JobSummaryResource = z.infer<typeof JobSummaryResource>

export type JobStatus = Job['status']

/** Whether the job has reached a status that never changes again. */
export function isFinal(job: Job): job is FinalJob {
  return job.status !== 'pending' && job.status !== 'running'
}
