import {
  FunctionCallingMode,
  type FunctionDeclaration,
  type GenerateContentRequest,
  type GenerationConfig,
} from '@google/generative-ai'
import type { CompletionOptions } from '../llm-provider.ts'
import type { Message } from '../message.ts'
import { geminiContents } from './gemini-contents.ts'
import { isGemini3, type ThinkingConfig, thinkingOf } from './gemini-thinking.ts'

/** The configuration, with the fields that the SDK passes on, but has no types for. */
type Config = GenerationConfig & {
  readonly seed?: number
  readonly responseJsonSchema?: object
  readonly thinkingConfig?: ThinkingConfig
}

type Declaration = FunctionDeclaration & { readonly parametersJsonSchema?: object }

/** @param hasThinking whether the model takes a `thinkingConfig` */
export function geminiRequest(
  prompt: string | readonly Message[],
  options: CompletionOptions,
  hasThinking: boolean,
): GenerateContentRequest {
  const { contents, system } = geminiContents(prompt, isGemini3(options.model))
  const systemInstruction = [options.system, system].filter(Boolean).join('\n\n')
  return {
    ...options.vendor,
    contents,
    generationConfig: configOf(options, hasThinking),
    ...(systemInstruction && { systemInstruction }),
    ...toolsOf(options),
  }
}

function configOf(options: CompletionOptions, hasThinking: boolean): Config {
  const { temperature, maxTokens, topP, stop, seed, presencePenalty, frequencyPenalty } = options
  const thinkingConfig = hasThinking ? thinkingOf(options.model, options.reasoning?.effort) : undefined
  return {
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && { maxOutputTokens: maxTokens }),
    ...(topP !== undefined && { topP }),
    ...(stop && { stopSequences: [...stop] }),
    ...(seed !== undefined && { seed }),
    ...(presencePenalty !== undefined && { presencePenalty }),
    ...(frequencyPenalty !== undefined && { frequencyPenalty }),
    ...formatOf(options.responseFormat),
    ...(thinkingConfig && { thinkingConfig }),
  }
}

function formatOf(format: CompletionOptions['responseFormat']): Config {
  if (!format || format.type === 'text') return {}
  return {
    responseMimeType: 'application/json',
    ...(format.type === 'json-schema' && { responseJsonSchema: format.schema }),
  }
}

function toolsOf({ tools, toolChoice }: CompletionOptions): Pick<GenerateContentRequest, 'tools' | 'toolConfig'> {
  if (!tools) return {}
  const functionDeclarations = tools.map(
    ({ name, description, parameters }): Declaration => ({
      name,
      ...(description !== undefined && { description }),
      ...(parameters && { parametersJsonSchema: parameters }),
    }),
  )
  return {
    tools: [{ functionDeclarations }],
    ...(toolChoice !== undefined && { toolConfig: { functionCallingConfig: callingOf(toolChoice) } }),
  }
}

function callingOf(choice: NonNullable<CompletionOptions['toolChoice']>) {
  switch (choice) {
    case 'auto':
      return { mode: FunctionCallingMode.AUTO }
    case 'none':
      return { mode: FunctionCallingMode.NONE }
    case 'required':
      return { mode: FunctionCallingMode.ANY }
    default:
      return { mode: FunctionCallingMode.ANY, allowedFunctionNames: [choice.name] }
  }
}
