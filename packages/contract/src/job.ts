import { z } from 'zod'

/** Options of a job. The vendor's default applies to each option that is left out. */
export const JobOptions = z.strictObject({
  system: z.string().min(1).optional().describe('Instructions to the model, which come before the prompt.'),
  temperature: z.number().min(0).max(2).optional().describe('Sampling temperature, 0 to 2.'),
  maxTokens: z.int().min(1).optional().describe('The most output tokens the vendor may produce.'),
})
export type JobOptions = z.infer<typeof JobOptions>

/** The number of tokens, as the vendor counts and bills them. */
export const TokenUsage = z.object({
  inputTokens: z.int().nonnegative(),
  outputTokens: z.int().nonnegative(),
})
export type TokenUsage = z.infer<typeof TokenUsage>

/** Why the vendor stopped: by itself, at the token limit, by its content filter, or for another reason. */
export const FinishReason = z.enum(['stop', 'length', 'content-filter', 'other'])
export type FinishReason = z.infer<typeof FinishReason>

/** Measurements of a job's run. Durations are whole milliseconds. */
export const JobMetrics = z.object({
  durationMs: z.int().nonnegative().describe('From the start of the run to its end.'),
  tokenCount: z.int().nonnegative().describe('The number of token events. `usage` has the numbers of the vendor.'),
  ttftMs: z
    .int()
    .nonnegative()
    .nullable()
    .describe('The time from the start of the run to its first token. Null if no token came.'),
  queuedMs: z.int().nonnegative().describe('From the creation of the job to the start of its run.'),
  attempts: z
    .int()
    .nonnegative()
    .describe('The number of calls of the vendor. A call is repeated only if it failed before its first token.'),
  usage: TokenUsage.optional().describe('Present if the vendor reported it.'),
  finishReason: FinishReason.optional().describe('Present if the vendor reported it.'),
})
export type JobMetrics = z.infer<typeof JobMetrics>

/** The codes of failures on the vendor's side of a job. */
export const ProviderErrorCode = z.enum([
  'provider-auth',
  'provider-rate-limited',
  'provider-unavailable',
  'provider-timeout',
  'provider-rejected',
  'provider-malformed',
])
export type ProviderErrorCode = z.infer<typeof ProviderErrorCode>

/** The codes of failed jobs. They are stable, for programs. */
export const JobErrorCode = z.enum([...ProviderErrorCode.options, 'answer-too-long', 'interrupted', 'internal'])
export type JobErrorCode = z.infer<typeof JobErrorCode>

/** Why a job failed. */
export const JobError = z.object({
  code: JobErrorCode,
  message: z.string().describe('A sentence that says what went wrong and what to do.'),
  retryable: z.boolean().describe('Whether the same request may succeed if it is sent again.'),
})
export type JobError = z.infer<typeof JobError>

const request = {
  id: z.string().min(1),
  prompt: z.string(),
  provider: z.string(),
  model: z.string(),
  options: JobOptions.optional(),
}
const progress = {
  result: z.string().describe('The text of the answer. If the job did not complete, the text up to its end.'),
  metrics: JobMetrics,
}
const times = { createdAt: z.iso.datetime(), updatedAt: z.iso.datetime() }

export const PendingJob = z.object({ ...request, status: z.literal('pending'), ...times })
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
  ...JobOptions.pick({ temperature: true, maxTokens: true }).shape,
})
export type ListedOptions = z.infer<typeof ListedOptions>

const listed = {
  prompt: beginningOf('prompt'),
  promptLength: z.int().nonnegative().describe('The length of the whole prompt, in UTF-16 code units.'),
  options: ListedOptions.optional(),
}
const PendingSummary = PendingJob.extend(listed)
const RunningSummary = RunningJob.omit({ result: true }).extend(listed)
const CompletedSummary = CompletedJob.omit({ result: true }).extend(listed)
const FailedSummary = FailedJob.omit({ result: true }).extend(listed)
const CancelledSummary = CancelledJob.omit({ result: true }).extend(listed)

/** A job in a list: with the beginnings of its prompt and its system text, and without its answer. */
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
