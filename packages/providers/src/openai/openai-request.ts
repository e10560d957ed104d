import type { JobOptions } from '@promptlab/contract'
import type { ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions'
import type { CompletionOptions } from '../llm-provider.ts'
import type { Message } from '../message.ts'
import { openAIMessages } from './openai-messages.ts'
import type { TokenLimit } from './token-limit.ts'

/** How a server wants what differs between servers. */
export interface RequestStyle {
  readonly tokenLimit: TokenLimit
  /** Whether it takes `stream_options`, by which we ask for the usage. */
  readonly hasStreamOptions: boolean
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
] as const satisfies readonly (keyof JobOptions)[]

export function openAIRequest(
  prompt: string | readonly Message[],
  options: CompletionOptions,
  style: RequestStyle,
): ChatCompletionCreateParamsStreaming {
  const { model, system, temperature, maxTokens, topP, stop, seed, presencePenalty, frequencyPenalty } = options
  return {
    model,
    messages: openAIMessages(prompt, system),
    stream: true,
    ...(style.hasStreamOptions && { stream_options: { include_usage: true } }),
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && { [style.tokenLimit]: maxTokens }),
    ...(topP !== undefined && { top_p: topP }),
    ...(stop && { stop: [...stop] }),
    ...(seed !== undefined && { seed }),
    ...(presencePenalty !== undefined && { presence_penalty: presencePenalty }),
    ...(frequencyPenalty !== undefined && { frequency_penalty: frequencyPenalty }),
    ...(options.reasoning && { reasoning_effort: options.reasoning.effort }),
    ...toolParameters(options),
    ...formatParameter(options.responseFormat),
  }
}

type Parameters = Partial<ChatCompletionCreateParamsStreaming>

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
