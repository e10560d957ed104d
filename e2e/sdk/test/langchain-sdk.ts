import {
  type AIMessage,
  type AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  ToolMessage,
  type UsageMetadata,
} from '@langchain/core/messages'
import { ChatOpenAI } from '@langchain/openai'
import { type Access, type Question, type Said, type Sdk, SUM, SUM_SCHEMA } from './sdk.ts'

const TOOL = {
  type: 'function' as const,
  function: { name: SUM.name, description: SUM.description, parameters: SUM_SCHEMA },
}

function messageOf({ prompt, image }: Question): HumanMessage {
  if (image === undefined) return new HumanMessage(prompt)
  return new HumanMessage({
    content: [
      { type: 'text', text: prompt },
      { type: 'image_url', image_url: { url: `data:image/png;base64,${image}` } },
    ],
  })
}

function saidIn(message: AIMessage): Said {
  const { usage_metadata, response_metadata, additional_kwargs } = message
  return {
    text: message.text,
    reasoning: reasoningIn(message.contentBlocks) || textIn(additional_kwargs, 'reasoning_content'),
    refusal: textIn(additional_kwargs, 'refusal'),
    usage: usageIn(usage_metadata),
    finish: textIn(response_metadata, 'finish_reason') || reasonIn(response_metadata),
  }
}

function reasoningIn(blocks: AIMessage['contentBlocks']): string {
  return blocks.map((block) => (block.type === 'reasoning' ? String(block['reasoning']) : '')).join('')
}

function textIn(values: Readonly<Record<string, unknown>>, name: string): string {
  const value = values[name]
  return typeof value === 'string' ? value : ''
}

function usageIn(usage: UsageMetadata | undefined): Said['usage'] {
  return usage && { input: usage.input_tokens, output: usage.output_tokens }
}

function reasonIn({ incomplete_details: details, status }: Readonly<Record<string, unknown>>): string {
  if (typeof details === 'object' && details && 'reason' in details) return String(details.reason)
  return String(status)
}

/** LangChain's `ChatOpenAI` at either of OpenAI's APIs. */
function langChain(name: string, useResponsesApi: boolean): Sdk {
  const modelOf = ({ url, apiKey }: Access, { model, temperature, maxTokens }: Question) =>
    new ChatOpenAI({
      model,
      apiKey,
      useResponsesApi,
      maxRetries: 0,
      streamUsage: true,
      configuration: { baseURL: `${url}/v1` },
      ...(temperature !== undefined && { temperature }),
      ...(maxTokens !== undefined && { maxTokens }),
    })
  return {
    name,
    lengthFinish: useResponsesApi ? 'max_output_tokens' : 'length',
    async ask(access, question) {
      return saidIn(await modelOf(access, question).invoke([messageOf(question)], optionsOf(question)))
    },
    async stream(access, question, onText = () => {}) {
      let whole: AIMessageChunk | undefined
      for await (const chunk of await modelOf(access, question).stream([messageOf(question)], optionsOf(question))) {
        onText(chunk.text)
        whole = whole === undefined ? chunk : whole.concat(chunk)
      }
      if (!whole) throw new Error('The stream was empty')
      return saidIn(whole)
    },
    async useTool(access, question, getSum) {
      const model = modelOf(access, question).bindTools([TOOL])
      const messages: BaseMessage[] = [messageOf(question)]
      const call = await model.invoke(messages)
      const results = (call.tool_calls ?? []).map(
        ({ id = '', args }) => new ToolMessage({ tool_call_id: id, content: getSum(args) }),
      )
      return saidIn(await model.invoke([...messages, call, ...results]))
    },
    async askObject(access, question) {
      const schema = { title: 'numbers', ...SUM_SCHEMA }
      const model = modelOf(access, question).withStructuredOutput(schema, { method: 'jsonSchema', strict: true })
      return await model.invoke([messageOf(question)])
    },
    async converse(access, first, second) {
      const model = modelOf(access, first)
      const one = await model.invoke([messageOf(first)])
      return [saidIn(one), saidIn(await model.invoke([messageOf(first), one, messageOf(second)]))]
    },
    statusOf(error) {
      return error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : undefined
    },
  }
}

function optionsOf({ signal }: Question) {
  return signal ? { signal } : {}
}

export const LANGCHAIN_RESPONSES: Sdk = {
  ...langChain('@langchain/openai, responses', true),
  unknownModelStatus: 400,
}
/** It has no field for a refusal of Chat Completions. */
export const LANGCHAIN_CHAT: Sdk = { ...langChain('@langchain/openai, chat', false), lacks: ['refusal'] }
