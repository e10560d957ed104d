export type { ToolCallDelta, VendorPiece } from './answer-order.ts'
export { linesOf } from './lines-of.ts'
export {
  type Completion,
  type CompletionOptions,
  type CompletionPiece,
  type CompletionSummary,
  type LLMProvider,
  PROMPT_ONLY,
  type ProviderCapabilities,
} from './llm-provider.ts'
export type {
  AssistantPart,
  FilePart,
  ImagePart,
  JsonValue,
  Message,
  SystemPart,
  ToolResultPart,
  UserPart,
} from './message.ts'
export { type ModelList, modelListOf } from './model-list.ts'
export type { Habits } from './openai/habits.ts'
export { ProviderError } from './provider-error.ts'
export { type ModelNaming, type ProviderEntry, ProviderRegistry } from './provider-registry.ts'
export { redactSecrets } from './redact-secrets.ts'
export { standIn } from './replay/stand-in.ts'
export { type RequestHeader, RequestHeaders } from './request-headers.ts'
export type { RequestLimits } from './request-limits.ts'
export { retryAfterMs } from './retry-after.ts'
export { isPrivateAddress } from './server-address.ts'
export { tokenUsage } from './token-usage.ts'
export { valueAt } from './value-at.ts'
export { VENDOR_KIND_NAMES, type Vendor, type VendorSettings, vendorEntry } from './vendor.ts'
export type { ChunkReading, VendorCall } from './vendor-call.ts'
export { failureOfStatus, failureOfTransport, VendorFailed, type VendorFailure } from './vendor-failure.ts'
export { streamFromVendor } from './vendor-stream.ts'
