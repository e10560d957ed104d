import type { JobOptions } from '@promptlab/contract'
import type { ResponseCreateParamsStreaming } from 'openai/resources/responses/responses'
import type { CompletionOptions } from '../../llm-provider.ts'
import type { Message } from '../../message.ts'
import type { StyleChange } from '../openai-connection.ts'
import { responsesInput } from './responses-input.ts'

/** What of our own a model takes beside the request of the caller. */
export interface ResponsesStyle {
  /** Whether it gives summaries of its reasoning. */
  readonly hasSummary: boolean
  /** Whether it gives its reasoning in an encrypted form, which goes back in the next turn. */
  readonly hasEncryptedReasoning: boolean
}

/** The options that are sent. */
export const RESPONSES_OPTIONS = [
  'system',
  'temperature',
  'maxTokens',
  'topP',
  'reasoning',
  'tools',
  'toolChoice',
  'parallelToolCalls',
  'responseFormat',
  'vendor',
] as const satisfies readonly (keyof JobOptions)[]

/** The fields that are set here, so that `options.vendor` may not have them. */
export const RESPONSES_FIELDS = [
  'model',
  'input',
  'instructions',
  'stream',
  'stream_options',
  'store',
  'background',
  'conversation',
  'previous_response_id',
  'include',
  'temperature',
  'max_output_tokens',
  'top_p',
  'reasoning',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'text',
] as const satisfies readonly (keyof ResponseCreateParamsStreaming)[]

/** The smallest limit of the answer's tokens that the API takes. */
export const MIN_OUTPUT_TOKENS = 16

/** Models that do not reason. They refuse every parameter about it. */
const THOUGHTLESS = /^(?:ft:)?(?:gpt-3|gpt-4|chatgpt)/

/** The style of a model before it has refused anything. */
export function responsesStyleOf(model: string): ResponsesStyle {
  const reasons = !THOUGHTLESS.test(model)
  return { hasSummary: reasons, hasEncryptedReasoning: reasons }
}

/**
 * No conversation is kept at OpenAI, so what the next turn needs is asked for.
 * @param inBackground whether the run goes on without a connection; for that OpenAI has to store its answer
 */
export function responsesRequest(
  prompt: string | readonly Message[],
  options: CompletionOptions,
  style: ResponsesStyle,
  inBackground: boolean,
): ResponseCreateParamsStreaming {
  const { model, system, temperature, maxTokens, topP } = options
  return {
    ...options.vendor,
    model,
    input: responsesInput(prompt),
    stream: true,
    store: inBackground,
    ...(inBackground && { background: true }),
    // The padding that hides the length of a token costs 100 bytes each.
    stream_options: { include_obfuscation: false },
    ...(style.hasEncryptedReasoning && { include: ['reasoning.encrypted_content'] }),
    ...(system !== undefined && { instructions: system }),
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && { max_output_tokens: maxTokens }),
    ...(topP !== undefined && { top_p: topP }),
    ...reasoningParameter(options.reasoning?.effort, style),
    ...toolParameters(options),
    ...formatParameter(options.responseFormat),
  }
}

type Parameters = Partial<ResponseCreateParamsStreaming>

function reasoningParameter(
  effort: NonNullable<CompletionOptions['reasoning']>['effort'] | undefined,
  { hasSummary }: ResponsesStyle,
): Parameters {
  if (effort === undefined && !hasSummary) return {}
  return { reasoning: { ...(effort !== undefined && { effort }), ...(hasSummary && { summary: 'auto' }) } }
}

function toolParameters({ tools, toolChoice, parallelToolCalls }: CompletionOptions): Parameters {
  return {
    ...(tools && {
      tools: tools.map(({ name, description, parameters = { type: 'object', properties: {} } }) => ({
        type: 'function' as const,
        name,
        parameters,
        // The default of this API is strict, unlike that of Chat Completions.
        strict: false,
        ...(description !== undefined && { description }),
      })),
    }),
    ...(toolChoice !== undefined && {
      tool_choice: typeof toolChoice === 'string' ? toolChoice : { type: 'function', name: toolChoice.name },
    }),
    ...(parallelToolCalls !== undefined && { parallel_tool_calls: parallelToolCalls }),
  }
}

function formatParameter(format: CompletionOptions['responseFormat']): Parameters {
  if (!format || format.type === 'text') return {}
  if (format.type === 'json') return { text: { format: { type: 'json_object' } } }
  const { name, schema, strict } = format
  return { text: { format: { type: 'json_schema', name, schema, ...(strict !== undefined && { strict }) } } }
}

const UNKNOWN = /unsupported|not (?:supported|enabled|allowed|available)|(?:does not|doesn't) support|must be verified/i

/**
 * Finds out whether a model refused a request because of something that we asked for, and the caller did not.
 * @param text the body of an answer with status 400 or 422
 */
export function responsesChangeFor(
  text: string,
  sent: object,
  style: ResponsesStyle,
): StyleChange<ResponsesStyle> | undefined {
  if (!UNKNOWN.test(text)) return undefined
  if (style.hasEncryptedReasoning && 'include' in sent && /encrypted/i.test(text)) {
    return {
      style: { ...style, hasEncryptedReasoning: false },
      notice: 'gives no encrypted reasoning: the next turn begins without it',
    }
  }
  if (style.hasSummary && /summar|\breasoning\b(?!\.effort)/i.test(text)) {
    return { style: { ...style, hasSummary: false }, notice: 'gives no summaries of its reasoning' }
  }
  return undefined
}
