export { type CreateJobBody, createJobBody } from './create-job.ts'
export { Liveness, Readiness } from './health.ts'
export { issueSentence } from './issue-sentence.ts'
export {
  FinalJob,
  FinishReason,
  isFinal,
  Job,
  JobError,
  JobErrorCode,
  JobLinks,
  JobMetrics,
  JobOptions,
  JobResource,
  type JobStatus,
  JobSummary,
  JobSummaryResource,
  LISTED_TEXT_LENGTH,
  ListedOptions,
  PendingJob,
  ProviderErrorCode,
  RunningJob,
  TokenUsage,
} from './job.ts'
export { JobListQuery, JobPage } from './job-list.ts'
export { Fault, Problem, ProblemCode } from './problem.ts'
export { ProviderInfo } from './provider-info.ts'
export {
  CancelledEvent,
  END_CURSOR,
  ErrorEvent,
  FinalEvent,
  MetricsEvent,
  StreamCursor,
  StreamEvent,
  TokenEvent,
} from './stream-event.ts'
