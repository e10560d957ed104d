import type { JobOptions } from '@promptlab/contract'
import type { ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions'
import type { CompletionOptions } from '../llm-provider.ts'
import type { Message } from '../message.ts'
import type { Habits } from './habits.ts'
import { openAIMessages } from './openai-messages.ts'
import { TOKEN_LIMITS, type TokenLimit, tokenLimitAt } from './token-limit.ts'

/** How a server wants what differs between servers. */
export interface RequestStyle {
  readonly tokenLimit: TokenLimit
  /** Whether it takes `stream_options`, by which we ask for the usage. */
  readonly hasStreamOptions: boolean
  readonly seed: 'seed' | 'random_seed'
  readonly effort: 'reasoning_effort' | 'reasoning'
  /** The field in which reasoning goes back with tool calls. Undefined: it does not. */
  readonly reasoningField: 'reasoning_content' | 'reasoning' | undefined
}

/** The style of the server at this address, before it has refused anything. */
export function styleOf(baseUrl: string, habits: Habits): RequestStyle {
  return {
    tokenLimit: habits.tokenLimit ?? tokenLimitAt(baseUrl),
    hasStreamOptions: habits.streamOptions ?? true,
    seed: habits.seed ?? 'seed',
    effort: habits.effort ?? 'reasoning_effort',
    reasoningField: habits.reasoningField,
  }
}

/** The options that are sent. */
export const OPENAI_OPTIONS = [
  'system',
  'temperature',
  'maxTokens',
  'topP',
  'stop',
  'seed',
  'presencePenalty',
  'frequencyPenalty',
  'reasoning',
  'tools',
  'toolChoice',
  'parallelToolCalls',
  'responseFormat',
  'vendor',
] as const satisfies readonly (keyof JobOptions)[]

/** The fields that are set here, so that `options.vendor` may not have them. Only one choice of an answer is read. */
export const OPENAI_FIELDS = [
  'model',
  'messages',
  'stream',
  'stream_options',
  'n',
  'temperature',
  ...TOKEN_LIMITS,
  'top_p',
  'stop',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'reasoning_effort',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'response_format',
] as const satisfies readonly (keyof ChatCompletionCreateParamsStreaming)[]

export function openAIRequest(
  prompt: string | readonly Message[],
  options: CompletionOptions,
  style: RequestStyle,
): ChatCompletionCreateParamsStreaming {
  const { model, system, temperature, maxTokens, topP, stop, seed, presencePenalty, frequencyPenalty } = options
  return {
    ...options.vendor,
    model,
    messages: openAIMessages(prompt, system, style.reasoningField),
    stream: true,
    ...(style.hasStreamOptions && { stream_options: { include_usage: true } }),
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && { [style.tokenLimit]: maxTokens }),
    ...(topP !== undefined && { top_p: topP }),
    ...(stop && { stop: [...stop] }),
    ...(seed !== undefined && { [style.seed]: seed }),
    ...(presencePenalty !== undefined && { presence_penalty: presencePenalty }),
    ...(frequencyPenalty !== undefined && { frequency_penalty: frequencyPenalty }),
    ...effortParameter(options.reasoning?.effort, style.effort),
    ...toolParameters(options),
    ...formatParameter(options.responseFormat),
  }
}

type Parameters = Partial<ChatCompletionCreateParamsStreaming>

function effortParameter(effort: string | undefined, name: RequestStyle['effort']): object {
  if (effort === undefined) return {}
  return name === 'reasoning' ? { reasoning: { effort } } : { reasoning_effort: effort }
}

function toolParameters({ tools, toolChoice, parallelToolCalls }: CompletionOptions): Parameters {
  return {
    ...(tools && {
      tools: tools.map(({ name, description, parameters = { type: 'object', properties: {} } }) => ({
        type: 'function',
        function: { name, parameters, ...(description !== undefined && { description }) },
      })),
    }),
    ...(toolChoice !== undefined && {
      tool_choice:
        typeof toolChoice === 'string' ? toolChoice : { type: 'function', function: { name: toolChoice.name } },
    }),
    ...(parallelToolCalls !== undefined && { parallel_tool_calls: parallelToolCalls }),
  }
}

/** Text is what every server answers with, so it is not asked for: some know no other form. */
function formatParameter(format: CompletionOptions['responseFormat']): Parameters {
  if (!format || format.type === 'text') return {}
  if (format.type === 'json') return { response_format: { type: 'json_object' } }
  const { name, schema, strict } = format
  return {
    response_format: { type: 'json_schema', json_schema: { name, schema, ...(strict !== undefined && { strict }) } },
  }
}
