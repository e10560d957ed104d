import Anthropic from '@anthropic-ai/sdk'
import type {
  ContentBlockParam,
  Message,
  MessageCreateParamsNonStreaming,
  MessageParam,
  ToolResultBlockParam,
} from '@anthropic-ai/sdk/resources/messages'
import { type Access, type Question, type Said, type Sdk, SUM, SUM_SCHEMA } from './sdk.ts'

const TOOL = {
  name: SUM.name,
  description: SUM.description,
  input_schema: { ...SUM_SCHEMA, required: [...SUM_SCHEMA.required] },
}

export function anthropic({ url, apiKey }: Access, { maxRetries = 0 }: Pick<Question, 'maxRetries'> = {}): Anthropic {
  return new Anthropic({ baseURL: url, apiKey, maxRetries })
}

function messageOf({ prompt, image }: Question): MessageParam {
  const content: ContentBlockParam[] = [{ type: 'text', text: prompt }]
  if (image !== undefined)
    content.push({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: image } })
  return { role: 'user', content }
}

function asked(question: Question): MessageCreateParamsNonStreaming {
  const { model, temperature, maxTokens = 1_000 } = question
  return {
    model,
    max_tokens: maxTokens,
    messages: [messageOf(question)],
    ...(temperature !== undefined && { temperature }),
  }
}

function saidIn({ content, usage, stop_reason }: Message): Said {
  return {
    text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    reasoning: content.map((block) => (block.type === 'thinking' ? block.thinking : '')).join(''),
    usage: { input: usage.input_tokens, output: usage.output_tokens },
    finish: stop_reason,
  }
}

function resultsOf({ content }: Message, getSum: (input: unknown) => string): ToolResultBlockParam[] {
  return content.flatMap((block) =>
    block.type === 'tool_use' ? [{ type: 'tool_result', tool_use_id: block.id, content: getSum(block.input) }] : [],
  )
}

/** Anthropic's own SDK at the Messages API. */
export const ANTHROPIC_SDK: Sdk = {
  name: '@anthropic-ai/sdk',
  lengthFinish: 'max_tokens',
  keepsCarry: true,
  lacks: ['refusal'],
  async ask(access, question) {
    return saidIn(await anthropic(access, question).messages.create(asked(question), { signal: question.signal }))
  },
  async stream(access, question, onText = () => {}) {
    const stream = anthropic(access, question).messages.stream(asked(question), { signal: question.signal })
    let text = ''
    for await (const event of stream) {
      if (event.type !== 'content_block_delta' || event.delta.type !== 'text_delta') continue
      text += event.delta.text
      onText(event.delta.text)
    }
    const said = saidIn(await stream.finalMessage())
    if (said.text !== text) throw new Error('The deltas are another text than the message')
    return said
  },
  async useTool(access, question, getSum) {
    const client = anthropic(access)
    const body = { ...asked(question), tools: [TOOL] }
    const message = await client.messages.stream(body).finalMessage()
    const messages: MessageParam[] = [
      ...body.messages,
      { role: 'assistant', content: message.content },
      { role: 'user', content: resultsOf(message, getSum) },
    ]
    return saidIn(await client.messages.create({ ...body, messages }))
  },
  async askObject(access, question) {
    const message = await anthropic(access).messages.parse({
      ...asked(question),
      output_config: { format: { type: 'json_schema', schema: SUM_SCHEMA } },
    })
    return JSON.parse(saidIn(message).text)
  },
  async converse(access, first, second) {
    const client = anthropic(access)
    const one = await client.messages.create(asked(first))
    const messages: MessageParam[] = [messageOf(first), { role: 'assistant', content: one.content }, messageOf(second)]
    return [saidIn(one), saidIn(await client.messages.create({ ...asked(second), messages }))]
  },
  statusOf: (error) => (error instanceof Anthropic.APIError ? error.status : undefined),
}
