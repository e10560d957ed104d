/** A JSON Schema, such as `{ type: 'object', properties: { city: { type: 'string' } } }`. */
export type JsonSchema = Record<string, unknown>

/** A tool that the model may call. The caller runs the tool, and sends its result in the next job. */
export interface Tool {
  /** 1 to 64 letters, digits, underscores or hyphens. */
  name: string
  /** Tells the model what the tool does and when to call it. */
  description?: string | undefined
  /** The schema of the arguments, an object. Absent: there are none. */
  parameters?: JsonSchema | undefined
}

export type ResponseFormat =
  | { type: 'text' }
  | { type: 'json' }
  | {
      type: 'json-schema'
      name: string
      schema: JsonSchema
      /** Whether the vendor must keep to the schema. The default is its own. */
      strict?: boolean | undefined
    }

/** The options of a job. The vendor's default applies to each option that is left out. */
export interface JobOptions {
  /** Instructions to the model, which come before the prompt. */
  system?: string | undefined
  /** Sampling temperature, 0 to 2. */
  temperature?: number | undefined
  /** The most output tokens the vendor may produce. */
  maxTokens?: number | undefined
  /** The share of the probability that is sampled from, 0 to 1. */
  topP?: number | undefined
  /** Texts at which the answer ends, 1 to 16. They do not belong to it. */
  stop?: string[] | undefined
  /** Makes sampling repeatable, as far as the vendor can. */
  seed?: number | undefined
  /** -2 to 2. */
  presencePenalty?: number | undefined
  /** -2 to 2. */
  frequencyPenalty?: number | undefined
  /** How much the model thinks first. */
  reasoning?: { effort: 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' } | undefined
  /** The tools that the model may call, 1 to 128. */
  tools?: Tool[] | undefined
  /** Whether the model may, must not or must call a tool, or the tool that it must call. */
  toolChoice?: 'auto' | 'none' | 'required' | { name: string } | undefined
  /** Whether the model may call several tools at once. */
  parallelToolCalls?: boolean | undefined
  /** The form of the answer. */
  responseFormat?: ResponseFormat | undefined
  /** Fields that are put into the request to the vendor unchanged, such as `cache_control` for Anthropic. */
  vendor?: Record<string, unknown> | undefined
}

/** The options of a job in a list: the numbers, and the beginning of the system text. */
export interface ListedOptions
  extends Pick<
    JobOptions,
    | 'temperature'
    | 'maxTokens'
    | 'topP'
    | 'seed'
    | 'presencePenalty'
    | 'frequencyPenalty'
    | 'reasoning'
    | 'parallelToolCalls'
  > {
  /** The first 200 UTF-16 code units of the system text at most, never half a surrogate pair. */
  system?: string | undefined
  /** The length of the whole system text, in UTF-16 code units. Present if there is one. */
  systemLength?: number | undefined
}
