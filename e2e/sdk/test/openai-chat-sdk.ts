import OpenAI from 'openai'
import type {
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionMessage,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions'
import { openai } from './openai-responses-sdk.ts'
import { type Question, type Said, type Sdk, SUM, SUM_SCHEMA } from './sdk.ts'

const TOOL = {
  type: 'function' as const,
  function: { name: SUM.name, description: SUM.description, parameters: SUM_SCHEMA, strict: true },
}

function messageOf({ prompt, image }: Question): ChatCompletionMessageParam {
  if (image === undefined) return { role: 'user', content: prompt }
  const url = `data:image/png;base64,${image}`
  return {
    role: 'user',
    content: [
      { type: 'text', text: prompt },
      { type: 'image_url', image_url: { url } },
    ],
  }
}

function asked(question: Question): ChatCompletionCreateParamsNonStreaming {
  const { model, temperature, maxTokens } = question
  return {
    model,
    messages: [messageOf(question)],
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && { max_completion_tokens: maxTokens }),
  }
}

function choiceOf({ choices: [choice] }: OpenAI.Chat.ChatCompletion): OpenAI.Chat.ChatCompletion.Choice {
  if (!choice) throw new Error('The completion has no choice')
  return choice
}

/** Servers of other vendors have it; the SDK hands it out, and does not name it. */
function reasoningIn(delta: object): string {
  return 'reasoning_content' in delta && typeof delta.reasoning_content === 'string' ? delta.reasoning_content : ''
}

function saidIn(completion: OpenAI.Chat.ChatCompletion): Said {
  const { message, finish_reason } = choiceOf(completion)
  const { usage } = completion
  return {
    text: message.content ?? '',
    reasoning: reasoningIn(message),
    refusal: message.refusal ?? '',
    usage: usage && { input: usage.prompt_tokens, output: usage.completion_tokens },
    finish: finish_reason,
  }
}

function resultsOf({ tool_calls = [] }: ChatCompletionMessage, getSum: (input: unknown) => string) {
  return tool_calls.flatMap((call): ChatCompletionMessageParam[] =>
    call.type === 'function'
      ? [{ role: 'tool', tool_call_id: call.id, content: getSum(JSON.parse(call.function.arguments)) }]
      : [],
  )
}

/** openai-node at Chat Completions. */
export const OPENAI_CHAT: Sdk = {
  name: 'openai, chat',
  lengthFinish: 'length',
  async ask(access, question) {
    return saidIn(await openai(access, question).chat.completions.create(asked(question), { signal: question.signal }))
  },
  async stream(access, question, onText = () => {}) {
    const stream = openai(access, question).chat.completions.stream(
      { ...asked(question), stream: true, stream_options: { include_usage: true } },
      { signal: question.signal },
    )
    let text = ''
    let reasoning = ''
    for await (const { choices } of stream) {
      for (const { delta } of choices) {
        reasoning += reasoningIn(delta)
        if (!delta.content) continue
        text += delta.content
        onText(delta.content)
      }
    }
    const said = saidIn(await stream.finalChatCompletion())
    if (said.text !== text) throw new Error('The deltas are another text than the completion')
    return { ...said, reasoning }
  },
  async useTool(access, question, getSum) {
    const client = openai(access)
    const body = { ...asked(question), tools: [TOOL] }
    const { message } = choiceOf(await client.chat.completions.stream({ ...body, stream: true }).finalChatCompletion())
    const messages = [...body.messages, message, ...resultsOf(message, getSum)]
    return saidIn(await client.chat.completions.create({ ...body, messages }))
  },
  async askObject(access, question) {
    const format = { name: 'numbers', schema: SUM_SCHEMA, strict: true }
    const completion = await openai(access).chat.completions.parse({
      ...asked(question),
      response_format: { type: 'json_schema', json_schema: format },
    })
    const { message } = choiceOf(completion)
    return 'parsed' in message ? message.parsed : undefined
  },
  async converse(access, first, second) {
    const client = openai(access)
    const one = await client.chat.completions.create(asked(first))
    const messages = [messageOf(first), choiceOf(one).message, messageOf(second)]
    return [saidIn(one), saidIn(await client.chat.completions.create({ ...asked(second), messages }))]
  },
  statusOf: (error) => (error instanceof OpenAI.APIError ? error.status : undefined),
}
