import type { FinishReason, JobOptions, ResponseFormat, TokenUsage } from '@promptlab/contract'
import type { EagerIterator } from './eager-iterator.ts'
import type { JsonValue, Message } from './message.ts'
import type { ModelList } from './model-list.ts'
import type { RequestLimits } from './request-limits.ts'

/** How to complete one prompt. The vendor's default applies to each option that is left out. */
export interface CompletionOptions extends Partial<Readonly<JobOptions>> {
  /** One of the provider's `models`. */
  readonly model: string
  /**
   * Ends the completion at any time. It is required because `return()` queues behind a pending `next()`, so only the
   * signal can end a call to a vendor that sends nothing.
   */
  readonly signal: AbortSignal
  /**
   * Whether the answer may be kept at the vendor, so that its run can be joined again. False: its caller asked not to store
   * it. Default: true.
   */
  readonly mayStore?: boolean
  /**
   * Called at most once, before the first piece, with what the vendor's rate-limit headers tell. Not called if the vendor sends
   * none. Calls that it would refuse are then not made.
   */
  readonly onLimits?: (limits: RequestLimits) => void
}

/**
 * What arrived at once of an answer. Pieces of one kind that follow each other are one part of the answer; a `carry`
 * closes its part. A call's arguments and its end follow its opening, and nothing comes between them.
 */
export type CompletionPiece =
  /** Text, not empty. */
  | string
  /**
   * Not empty, unless it has a `carry`: what the vendor wants back in the next turn, and nobody reads. The server keeps
   * it with the part, and gives it back to this provider only.
   */
  | { readonly type: 'text' | 'reasoning' | 'refusal'; readonly text: string; readonly carry?: JsonValue }
  | { readonly type: 'tool-call'; readonly callId: string; readonly name: string }
  /** A stretch of the arguments, not empty, as the vendor sent it. */
  | { readonly type: 'tool-arguments'; readonly text: string }
  | { readonly type: 'tool-call-end'; readonly carry?: JsonValue }
  /** The vendor sent something that is no content, such as a ping. It does not belong to the answer. */
  | { readonly type: 'alive' }
  /**
   * The handle of this run at the vendor, by which it can be joined again, see `LLMProvider.rejoin`. It does not belong to the
   * answer. The server stores it before it publishes anything that comes behind it.
   */
  | { readonly type: 'vendor-run'; readonly handle: JsonValue }

/** The facts that the vendor reported at the end of a completion. A field is absent if the vendor did not report it. */
export interface CompletionSummary {
  readonly usage?: TokenUsage
  readonly finishReason?: FinishReason
  /** What the vendor charges for the call, in US dollars. */
  readonly costUsd?: number
}

/** What jobs may ask of a provider. The server refuses everything else with words, before anything is paid. */
export interface ProviderCapabilities {
  /** Whether `complete` takes messages. Otherwise it is only called with a prompt. */
  readonly messages: boolean
  /** The options that the provider keeps. */
  readonly options: readonly (keyof JobOptions)[]
  /** The forms of an answer that `responseFormat` may ask for. Default: all of them. */
  readonly responseFormats?: readonly ResponseFormat['type'][]
  /**
   * The fields of the vendor's request that the provider sets itself. `options.vendor` may have any other field, which
   * the provider sends unchanged. Needed if `options` has `vendor`.
   */
  readonly reservedFields?: readonly string[]
  /** The media types of images that it takes. */
  readonly imageTypes: readonly string[]
  /** The media types of files that it takes. */
  readonly fileTypes: readonly string[]
  /** Whether images and files may be given by their address. */
  readonly urls: boolean
}

/** What a provider of the first versions can do, which has no `capabilities`. */
export const PROMPT_ONLY: ProviderCapabilities = {
  messages: false,
  options: ['system', 'temperature', 'maxTokens'],
  imageTypes: [],
  fileTypes: [],
  urls: false,
}

/** The pieces of a completion, and its summary at the end. Any async generator is one; `nextReady` only saves promises. */
export type Completion = AsyncGenerator<CompletionPiece, CompletionSummary | undefined, undefined> &
  Pick<EagerIterator<CompletionPiece>, 'nextReady'>

/** Our adapter for one LLM vendor, or for anything else that answers a prompt with a stream of text. */
export interface LLMProvider {
  /** The name by which callers choose the provider. It is unique in a registry. */
  readonly name: string
  /** The models that callers may choose. */
  readonly models: readonly string[]
  /** Default: `PROMPT_ONLY`. */
  readonly capabilities?: ProviderCapabilities
  /**
   * Loads the code that the first call needs, such as the vendor's SDK. It is optional: the first call loads that code
   * too, but then the callers wait for it.
   */
  prepare?(): Promise<void>
  /**
   * Asks the vendor which models it has. Left out: it cannot be asked.
   * @throws ProviderError the vendor did not tell
   * @throws `signal.reason` on abort
   */
  listModels?(signal: AbortSignal): Promise<ModelList>
  /**
   * Streams the completion as pieces, in order. Nothing is sent before the first `next()`.
   * A consumer that leaves early, by `return()` or `break`, ends the call to the vendor too.
   * @param prompt a prompt, or a conversation, oldest message first, if `capabilities.messages` is true
   * @returns the summary that the vendor reported at the end
   * @throws ProviderError the vendor refused the request, failed, or sent something unreadable
   * @throws `options.signal.reason` on abort, because a truncated answer must never look finished
   */
  complete(prompt: string | readonly Message[], options: CompletionOptions): Completion
  /**
   * Joins a run at the vendor again, whose connection broke or whose process died. Nothing is bought.
   * @param handle as a piece `vendor-run` of the run had it
   * @returns the whole run from its beginning: the text of its parts is the same as before, perhaps cut into other pieces
   * @throws ProviderError `provider-rejected` the vendor does not have the run any more
   * @throws `options.signal.reason` on abort
   */
  rejoin?(handle: JsonValue, options: CompletionOptions): Completion
  /**
   * Ends a run at the vendor, so that it costs nothing more. Never rejects for a run that has ended.
   * @param handle as a piece `vendor-run` of the run had it
   */
  cancelRun?(handle: JsonValue, options: Pick<CompletionOptions, 'model' | 'signal'>): Promise<void>
}
