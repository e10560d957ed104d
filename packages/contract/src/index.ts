export { FILE_TYPES, IMAGE_TYPES, ItemId } from './content.ts'
export { CallEnd, Cost, VendorCall } from './cost.ts'
export { type CreateJobBody, createJobBody } from './create-job.ts'
export { Fallback, MAX_FALLBACKS } from './fallback.ts'
export { Liveness, Readiness } from './health.ts'
export { issueSentence } from './issue-sentence.ts'
export {
  FinalJob,
  FinishReason,
  isFinal,
  Job,
  JobLinks,
  JobMetrics,
  JobResource,
  type JobStatus,
  JobSummary,
  JobSummaryResource,
  LISTED_TEXT_LENGTH,
  ListedOptions,
  PendingJob,
  RunningJob,
  TokenUsage,
  WaitingFor,
} from './job.ts'
export { JobError, JobErrorCode, ProviderErrorCode } from './job-error.ts'
export { JobListQuery, JobPage } from './job-list.ts'
export { JobOptions, RESPONSE_FORMATS, type ResponseFormat, type Tool } from './job-options.ts'
export { type ContentPart, type KeptPart, Message, ShownMessage, type ShownPart } from './message.ts'
export { OutputPart } from './output.ts'
export { Fault, Problem, ProblemCode } from './problem.ts'
export { type ModelCapabilities, ProviderInfo } from './provider-info.ts'
export {
  type AnyStreamEvent,
  CancelledEvent,
  END_CURSOR,
  ErrorEvent,
  FinalEvent,
  FullStreamCursor,
  FullStreamEvent,
  MetricsEvent,
  PieceEvent,
  StreamCursor,
  StreamEvent,
  StreamView,
  TokenEvent,
} from './stream-event.ts'
export { UsageQuery, UsageReport, UsageRow } from './usage.ts'
