import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import {
  APICallError,
  generateText,
  jsonSchema,
  type LanguageModel,
  type ModelMessage,
  Output,
  RetryError,
  stepCountIs,
  streamText,
  tool,
} from 'ai'
import { GEMINI } from './loopback-vendors.ts'
import { type Access, type Question, type Said, type Sdk, SUM, SUM_SCHEMA } from './sdk.ts'

const NUMBERS = jsonSchema<Record<string, unknown>>({ ...SUM_SCHEMA, required: [...SUM_SCHEMA.required] })

function messageOf({ prompt, image }: Question): ModelMessage {
  if (image === undefined) return { role: 'user', content: prompt }
  return {
    role: 'user',
    content: [
      { type: 'text', text: prompt },
      { type: 'file', data: image, mediaType: 'image/png' },
    ],
  }
}

interface Generated {
  readonly text: string
  readonly reasoningText: string | undefined
  readonly usage: { readonly inputTokens: number | undefined; readonly outputTokens: number | undefined }
  readonly finishReason: string
}

function saidIn({ text, reasoningText, usage, finishReason }: Generated): Said {
  return {
    text,
    reasoning: reasoningText,
    usage: { input: usage.inputTokens, output: usage.outputTokens },
    finish: finishReason,
  }
}

/** Vercel's AI SDK with the model of one of its packages. */
function aiSdk(name: string, modelOf: (access: Access, model: string) => LanguageModel): Sdk {
  const asked = (access: Access, question: Question) => ({
    model: modelOf(access, question.model),
    messages: [messageOf(question)],
    maxRetries: question.maxRetries ?? 0,
    ...(question.temperature !== undefined && { temperature: question.temperature }),
    ...(question.maxTokens !== undefined && { maxOutputTokens: question.maxTokens }),
    ...(question.signal && { abortSignal: question.signal }),
  })
  return {
    name,
    lengthFinish: 'length',
    // It has no field for a refusal.
    lacks: ['refusal'],
    async ask(access, question) {
      return saidIn(await generateText(asked(access, question)))
    },
    async stream(access, question, onText = () => {}) {
      const result = streamText({ ...asked(access, question), onError: () => {} })
      let text = ''
      for await (const part of result.fullStream) {
        // Its text stream ends without a word where an error comes; this one shows the error.
        if (part.type === 'error') throw part.error
        if (part.type === 'abort') throw new DOMException('Aborted', 'AbortError')
        if (part.type !== 'text-delta') continue
        text += part.text
        onText(part.text)
      }
      return saidIn({
        text,
        reasoningText: await result.reasoningText,
        usage: await result.usage,
        finishReason: await result.finishReason,
      })
    },
    async useTool(access, question, getSum) {
      const getSumTool = tool({
        description: SUM.description,
        inputSchema: NUMBERS,
        execute: async (input: unknown) => getSum(input),
      })
      const result = streamText({
        ...asked(access, question),
        tools: { [SUM.name]: getSumTool },
        stopWhen: stepCountIs(3),
        onError: () => {},
      })
      for await (const part of result.fullStream) if (part.type === 'error') throw part.error
      return saidIn({
        text: await result.text,
        reasoningText: await result.reasoningText,
        usage: await result.usage,
        finishReason: await result.finishReason,
      })
    },
    async askObject(access, question) {
      const { output } = await generateText({
        ...asked(access, question),
        output: Output.object({ schema: NUMBERS, name: 'numbers' }),
      })
      return output
    },
    async converse(access, first, second) {
      const one = await generateText(asked(access, first))
      const messages = [messageOf(first), ...one.response.messages, messageOf(second)]
      return [saidIn(one), saidIn(await generateText({ ...asked(access, second), messages }))]
    },
    statusOf(error) {
      const cause = RetryError.isInstance(error) ? error.lastError : error
      return APICallError.isInstance(cause) ? cause.statusCode : undefined
    },
  }
}

export const AI_SDK_RESPONSES: Sdk = {
  ...aiSdk('@ai-sdk/openai, responses', ({ url, apiKey }, model) =>
    createOpenAI({ baseURL: `${url}/v1`, apiKey })(model),
  ),
  unknownModelStatus: 400,
  keepsCarry: true,
}

export const AI_SDK_CHAT: Sdk = {
  ...aiSdk('@ai-sdk/openai, chat', ({ url, apiKey }, model) =>
    createOpenAI({ baseURL: `${url}/v1`, apiKey }).chat(model),
  ),
  lacks: ['refusal', 'reasoning'],
}

export const AI_SDK_COMPATIBLE: Sdk = aiSdk('@ai-sdk/openai-compatible', ({ url, apiKey }, model) =>
  createOpenAICompatible({
    name: 'promptlab',
    baseURL: `${url}/v1`,
    apiKey,
    includeUsage: true,
    supportsStructuredOutputs: true,
  })(model),
)

export const AI_SDK_ANTHROPIC: Sdk = {
  ...aiSdk('@ai-sdk/anthropic', ({ url, apiKey }, model) => createAnthropic({ baseURL: `${url}/v1`, apiKey })(model)),
  keepsCarry: true,
  // It asks models other than Claude for an object by a tool that may be called once, which Gemini cannot promise.
  refusedObjects: [GEMINI.model],
}
