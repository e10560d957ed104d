export {
  ApiError,
  ConnectionError,
  JobCancelledError,
  JobFailedError,
  JobNotCompletedError,
  type Problem,
  PromptLabError,
} from './errors.ts'
export {
  type CancelledJob,
  type CompletedJob,
  type FailedJob,
  type FinalJob,
  isFinalJob,
  type Job,
  type JobError,
  type JobErrorCode,
  type JobMetrics,
  type JobOptions,
  type JobPage,
  type JobRequest,
  type JobStatus,
  type JobSummary,
  type ListedOptions,
  type PendingJob,
  type ProviderInfo,
  type RunningJob,
} from './job.ts'
export type { Reconnect } from './job-events.ts'
export { type JobResult, JobStream } from './job-stream.ts'
export {
  type CallOptions,
  type ClientOptions,
  type CreateOptions,
  type ListOptions,
  PromptLabClient,
  type StreamOptions,
} from './promptlab-client.ts'
