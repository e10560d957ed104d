import type { JobOptions, ResponseFormat } from '@promptlab/contract'
import type { TokenLimit } from './token-limit.ts'

/** What a server of Chat Completions does differently from OpenAI. It does as OpenAI where a field is left out. */
export interface Habits {
  /** The name that it has for the limit of the answer's tokens. Left out: the one usual at its address. */
  readonly tokenLimit?: TokenLimit | undefined
  /** Whether it takes `stream_options`, by which we ask for the usage. */
  readonly streamOptions?: boolean | undefined
  /** The name that it has for the seed. */
  readonly seed?: 'seed' | 'random_seed' | undefined
  /** How it wants the effort of reasoning: as `reasoning_effort`, or inside an object `reasoning`. */
  readonly effort?: 'reasoning_effort' | 'reasoning' | undefined
  /** The field in which it wants its reasoning back in a turn that called tools. Left out: it wants none. */
  readonly reasoningField?: 'reasoning_content' | 'reasoning' | undefined
  /** The options that it refuses, or takes and ignores. */
  readonly lacks?: readonly (keyof JobOptions)[] | undefined
  /** The forms of an answer that it takes. */
  readonly responseFormats?: readonly ResponseFormat['type'][] | undefined
  /** The media types of images that it takes. */
  readonly imageTypes?: readonly string[] | undefined
  /** The media types of files that it takes. */
  readonly fileTypes?: readonly string[] | undefined
  /** Whether its list of models has every name that it takes. */
  readonly wholeList?: boolean | undefined
}
