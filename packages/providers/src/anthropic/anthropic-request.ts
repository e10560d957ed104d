import type { MessageCreateParamsStreaming, OutputConfig, Tool, ToolChoice } from '@anthropic-ai/sdk/resources/messages'
import type { JobOptions } from '@promptlab/contract'
import type { CompletionOptions } from '../llm-provider.ts'
import type { Message } from '../message.ts'
import { anthropicMessages } from './anthropic-messages.ts'
import { thinkingOf } from './anthropic-thinking.ts'
import { type ModelTraits, traitsOf } from './model-traits.ts'

/** The body of a request. The SDK's types leave out what only older models take. */
export type AnthropicRequest = MessageCreateParamsStreaming & { temperature?: number; top_p?: number }

/** What is decided here about a request, because the caller did not ask for it. */
export interface RequestStyle {
  /** `max_tokens`, if the caller has no limit. Anthropic requires one. */
  readonly maxTokens: number
  /** Whether a model that thinks by default is asked to show its thoughts. */
  readonly showsThinking: boolean
  /** Whether signed thinking of earlier turns goes back. */
  readonly keepsThinking: boolean
}

/** The options that are sent. */
export const ANTHROPIC_OPTIONS = [
  'system',
  'temperature',
  'maxTokens',
  'topP',
  'stop',
  'reasoning',
  'tools',
  'toolChoice',
  'parallelToolCalls',
  'responseFormat',
  'vendor',
] as const satisfies readonly (keyof JobOptions)[]

/** The fields that are set here, so that `options.vendor` may not have them. */
export const ANTHROPIC_FIELDS = [
  'model',
  'messages',
  'stream',
  'system',
  'max_tokens',
  'temperature',
  'top_p',
  'stop_sequences',
  'thinking',
  'output_config',
  'tools',
  'tool_choice',
] as const satisfies readonly (keyof AnthropicRequest)[]

export function usualStyle(model: string): RequestStyle {
  return { maxTokens: traitsOf(model).maxTokens, showsThinking: true, keepsThinking: true }
}

export function anthropicRequest(
  prompt: string | readonly Message[],
  options: CompletionOptions,
  style: RequestStyle,
): AnthropicRequest {
  const { model, system, temperature, topP, stop, maxTokens = style.maxTokens } = options
  return {
    ...options.vendor,
    model,
    max_tokens: maxTokens,
    stream: true,
    ...anthropicMessages(prompt, system, style.keepsThinking),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
    ...(stop && { stop_sequences: [...stop] }),
    ...outputOf(options, traitsOf(model), { ...style, maxTokens }),
    ...toolsOf(options),
  }
}

type Output = Pick<AnthropicRequest, 'thinking' | 'output_config'>

function outputOf(options: CompletionOptions, traits: ModelTraits, style: RequestStyle): Output {
  const { thinking, effort } = thinkingOf(options, traits, style)
  const config: OutputConfig = { ...(effort && { effort }), ...formatOf(options.responseFormat) }
  return { ...(thinking && { thinking }), ...(Object.keys(config).length > 0 && { output_config: config }) }
}

/** Every answer is text. JSON without a schema is not known, so the capabilities refuse it. */
function formatOf(format: CompletionOptions['responseFormat']): OutputConfig {
  return format?.type === 'json-schema' ? { format: { type: 'json_schema', schema: format.schema } } : {}
}

function toolsOf(options: CompletionOptions): Pick<AnthropicRequest, 'tools' | 'tool_choice'> {
  const { tools } = options
  if (!tools) return {}
  const choice = choiceOf(options)
  return { tools: tools.map(toolOf), ...(choice && { tool_choice: choice }) }
}

function toolOf({ name, description, parameters }: NonNullable<CompletionOptions['tools']>[number]): Tool {
  return { name, ...(description !== undefined && { description }), input_schema: { ...parameters, type: 'object' } }
}

function choiceOf({ toolChoice, parallelToolCalls }: CompletionOptions): ToolChoice | undefined {
  if (toolChoice === 'none') return { type: 'none' }
  const parallel = parallelToolCalls === undefined ? {} : { disable_parallel_tool_use: !parallelToolCalls }
  if (toolChoice === 'required') return { type: 'any', ...parallel }
  if (typeof toolChoice === 'object') return { type: 'tool', name: toolChoice.name, ...parallel }
  return toolChoice === 'auto' || parallelToolCalls !== undefined ? { type: 'auto', ...parallel } : undefined
}
