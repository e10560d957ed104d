import OpenAI from 'openai'
import type { ResponseInput, ResponseOutputItem } from 'openai/resources/responses/responses'
import { type Access, type Question, type Said, type Sdk, SUM, SUM_SCHEMA } from './sdk.ts'

const TOOL = {
  type: 'function' as const,
  name: SUM.name,
  description: SUM.description,
  parameters: SUM_SCHEMA,
  strict: true,
}

export function openai({ url, apiKey }: Access, { maxRetries = 0 }: Pick<Question, 'maxRetries'> = {}): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries })
}

function asked({ model, prompt, image, temperature, maxTokens }: Question) {
  const text = { type: 'input_text' as const, text: prompt }
  const content = image === undefined ? [text] : [text, imageOf(image)]
  const messages: ResponseInput = [{ role: 'user', content }]
  return {
    model,
    input: image === undefined ? prompt : messages,
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && { max_output_tokens: maxTokens }),
  }
}

function imageOf(image: string) {
  return { type: 'input_image' as const, detail: 'auto' as const, image_url: `data:image/png;base64,${image}` }
}

function resultsOf(output: readonly ResponseOutputItem[], getSum: (input: unknown) => string): ResponseInput {
  return output.flatMap((item) =>
    item.type === 'function_call'
      ? [{ type: 'function_call_output', call_id: item.call_id, output: getSum(JSON.parse(item.arguments)) }]
      : [],
  )
}

/** The items of an answer as they are: the types of the SDK do not let all of them back in. */
function sentBack(output: readonly ResponseOutputItem[]): ResponseInput {
  return output.flatMap((item) =>
    item.type === 'message' || item.type === 'reasoning' || item.type === 'function_call' ? [item] : [],
  )
}

/** What the SDK shows of a response. */
function saidIn({ output, output_text, usage, status, incomplete_details }: OpenAI.Responses.Response): Said {
  const parts = output.flatMap((item) => (item.type === 'message' ? item.content : []))
  return {
    text: output_text,
    reasoning: output
      .flatMap((item) => (item.type === 'reasoning' ? item.summary : []))
      .map(({ text }) => text)
      .join(''),
    refusal: parts.map((part) => (part.type === 'refusal' ? part.refusal : '')).join(''),
    usage: usage && { input: usage.input_tokens, output: usage.output_tokens },
    finish: incomplete_details?.reason ?? status,
  }
}

/** openai-node at the Responses API. */
export const OPENAI_RESPONSES: Sdk = {
  name: 'openai, responses',
  lengthFinish: 'max_output_tokens',
  unknownModelStatus: 400,
  keepsCarry: true,
  async ask(access, question) {
    return saidIn(await openai(access, question).responses.create(asked(question), { signal: question.signal }))
  },
  async stream(access, question, onText = () => {}) {
    const events = openai(access, question).responses.stream(asked(question), { signal: question.signal })
    let text = ''
    for await (const event of events) {
      if (event.type !== 'response.output_text.delta') continue
      text += event.delta
      onText(event.delta)
    }
    const said = saidIn(await events.finalResponse())
    if (said.text !== text) throw new Error('The deltas are another text than the response')
    return said
  },
  async useTool(access, question, getSum) {
    const client = openai(access)
    const { id, output } = await client.responses.stream({ ...asked(question), tools: [TOOL] }).finalResponse()
    const input = resultsOf(output, getSum)
    return saidIn(
      await client.responses.create({ model: question.model, previous_response_id: id, input, tools: [TOOL] }),
    )
  },
  async askObject(access, question) {
    const { output_parsed } = await openai(access).responses.parse({
      ...asked(question),
      text: { format: { type: 'json_schema', name: 'numbers', schema: SUM_SCHEMA, strict: true } },
    })
    return output_parsed
  },
  async converse(access, first, second) {
    const client = openai(access)
    const one = await client.responses.create(asked(first))
    const two = await client.responses.create({ ...asked(second), previous_response_id: one.id })
    return [saidIn(one), saidIn(two)]
  },
  statusOf: (error) => (error instanceof OpenAI.APIError ? error.status : undefined),
}

/** The same without stored responses: the client sends its whole history, with encrypted reasoning. */
export const OPENAI_STATELESS: Sdk = {
  ...OPENAI_RESPONSES,
  name: 'openai, responses without store',
  async useTool(access, question, getSum) {
    const client = openai(access)
    const input: ResponseInput = [{ role: 'user', content: question.prompt }]
    const options = {
      model: question.model,
      tools: [TOOL],
      store: false,
      include: ['reasoning.encrypted_content' as const],
    }
    const { output } = await client.responses.create({ ...options, input })
    const next = [...input, ...sentBack(output), ...resultsOf(output, getSum)]
    return saidIn(await client.responses.create({ ...options, input: next }))
  },
  async converse(access, first, second) {
    const client = openai(access)
    const options = { store: false, include: ['reasoning.encrypted_content' as const] }
    const one = await client.responses.create({ ...asked(first), ...options })
    const input: ResponseInput = [
      { role: 'user', content: first.prompt },
      ...sentBack(one.output),
      { role: 'user', content: second.prompt },
    ]
    return [saidIn(one), saidIn(await client.responses.create({ ...asked(second), ...options, input }))]
  },
}
