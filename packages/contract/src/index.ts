export { BudgetReport, BudgetRow } from './budget.ts'
export { FILE_TYPES, IMAGE_TYPES, ItemId } from './content.ts'
export { Conversation, ConversationQuery } from './conversation.ts'
export { CallEnd, Cost, VendorCall } from './cost.ts'
export { type CreateJobBody, createJobBody, type JobFault, toolFaults } from './create-job.ts'
export { Fallback, MAX_FALLBACKS } from './fallback.ts'
export {
  Fixture,
  type FixtureFailure,
  type FixtureFault,
  type FixturePiece,
  type FixtureRequest,
  JsonValue,
} from './fixture.ts'
export type { FixtureMessage } from './fixture-message.ts'
export { type ForkJobBody, ForkPlace, forkJobBody } from './fork-job.ts'
export { ForkOrigin } from './fork-origin.ts'
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
export type { JobChanges } from './job-changes.ts'
export { JobError, JobErrorCode, ProviderErrorCode } from './job-error.ts'
export { FeedEvent, FeedJobEvent, FeedReadyEvent, JobFeedQuery } from './job-feed.ts'
export { JobListQuery, JobPage } from './job-list.ts'
export { JobOptions, RESPONSE_FORMATS, type ResponseFormat, type Tool } from './job-options.ts'
export { MaxCostUsd } from './max-cost.ts'
export { type ContentPart, type KeptPart, Message, ShownMessage, type ShownPart } from './message.ts'
export { MAX_METADATA, Metadata } from './metadata.ts'
export { OutputPart } from './output.ts'
export { Fault, Problem, ProblemCode } from './problem.ts'
export { type ModelCapabilities, ProviderInfo } from './provider-info.ts'
export { type RerunJobBody, rerunJobBody } from './rerun-job.ts'
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
export { Delivery, DeliveryAttempt, DeliveryList, Webhook, WebhookEvent } from './webhook.ts'
export { WebhookMessage } from './webhook-message.ts'
