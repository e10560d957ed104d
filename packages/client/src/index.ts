export type { OutputPart, Piece } from './answer.ts'
export type { BudgetLimit } from './budget.ts'
export type {
  ContentPart,
  FilePart,
  FileType,
  ImagePart,
  ImageType,
  Message,
  ShownMessage,
  ShownPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from './content.ts'
export type { Delivery, DeliveryAttempt } from './delivery.ts'
export {
  ApiError,
  ConnectionError,
  JobCancelledError,
  JobFailedError,
  JobNotCompletedError,
  type Problem,
  PromptLabError,
} from './errors.ts'
export type { Fixture, FixtureMessage, FixturePiece } from './fixture.ts'
export { newIdempotencyKey } from './idempotency-key.ts'
export {
  type CancelledJob,
  type CompletedJob,
  type ConversationPage,
  type Cost,
  type FailedJob,
  type Fallback,
  type FinalJob,
  type FinishReason,
  isFinalJob,
  type Job,
  type JobError,
  type JobErrorCode,
  type JobMetrics,
  type JobPage,
  type JobStatus,
  type JobSummary,
  type ModelCapabilities,
  type PendingJob,
  type ProviderInfo,
  type RunningJob,
  type TokenUsage,
  type VendorCall,
  type WaitingFor,
} from './job.ts'
export type { FeedReady, JobChange } from './job-feed.ts'
export type { JobOptions, JsonSchema, ListedOptions, ResponseFormat, Tool } from './job-options.ts'
export type { ForkRequest, JobChanges, JobRequest } from './job-request.ts'
export { type JobResult, JobStream } from './job-stream.ts'
export {
  type CallOptions,
  type ClientOptions,
  type CreateOptions,
  type EventsOptions,
  type ListOptions,
  PromptLabClient,
  type StreamOptions,
} from './promptlab-client.ts'
export type { Reconnect } from './reconnecting.ts'
export type { StreamCursor } from './stream-event.ts'
