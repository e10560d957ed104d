import {
  Agent,
  type AgentInputItem,
  OpenAIProvider,
  Runner,
  setTracingDisabled,
  tool,
  type Usage,
} from '@openai/agents'
import OpenAI from 'openai'
import { openai } from './openai-responses-sdk.ts'
import { type Access, type Question, type Said, type Sdk, SUM, SUM_SCHEMA } from './sdk.ts'

setTracingDisabled(true)

const SCHEMA = { ...SUM_SCHEMA, required: [...SUM_SCHEMA.required] }

function inputOf({ prompt, image }: Question): string | AgentInputItem[] {
  if (image === undefined) return prompt
  const url = `data:image/png;base64,${image}`
  return [
    {
      role: 'user',
      content: [
        { type: 'input_text', text: prompt },
        { type: 'input_image', image: url },
      ],
    },
  ]
}

interface Run {
  readonly finalOutput?: unknown
  readonly newItems: readonly { readonly rawItem?: unknown }[]
  readonly state: { readonly usage: Usage }
}

function saidIn({ finalOutput, newItems, state }: Run): Said {
  return {
    text: typeof finalOutput === 'string' ? finalOutput : JSON.stringify(finalOutput),
    reasoning: newItems.map(({ rawItem }) => reasoningIn(rawItem)).join(''),
    usage: { input: state.usage.inputTokens, output: state.usage.outputTokens },
    finish: undefined,
  }
}

/** Its summaries are `content` of an item; what Chat Completions says is `rawContent`. */
function reasoningIn(item: unknown): string {
  if (typeof item !== 'object' || !item || !('type' in item) || item.type !== 'reasoning') return ''
  const shown = 'content' in item && Array.isArray(item.content) ? item.content : []
  const raw = 'rawContent' in item && Array.isArray(item.rawContent) ? item.rawContent : []
  return [...shown, ...raw].map((part: unknown) => textOf(part)).join('')
}

function textOf(part: unknown): string {
  return typeof part === 'object' && part && 'text' in part && typeof part.text === 'string' ? part.text : ''
}

/** OpenAI's Agents SDK at either of OpenAI's APIs. */
function agents(name: string, useResponses: boolean): Sdk {
  const runnerOf = (access: Access) =>
    new Runner({ modelProvider: new OpenAIProvider({ openAIClient: openai(access), useResponses }) })
  const agentOf = ({ model, temperature, maxTokens }: Question) => ({
    name: 'Agent',
    model,
    modelSettings: {
      ...(temperature !== undefined && { temperature }),
      ...(maxTokens !== undefined && { maxTokens }),
    },
  })
  const optionsOf = ({ signal }: Question) => (signal ? { signal } : {})
  return {
    name,
    lengthFinish: undefined,
    lacks: ['refusal'],
    async ask(access, question) {
      return saidIn(await runnerOf(access).run(new Agent(agentOf(question)), inputOf(question), optionsOf(question)))
    },
    async stream(access, question, onText = () => {}) {
      const options = { ...optionsOf(question), stream: true as const }
      const result = await runnerOf(access).run(new Agent(agentOf(question)), inputOf(question), options)
      let text = ''
      for await (const delta of result.toTextStream()) {
        text += delta
        onText(delta)
      }
      await result.completed
      const said = saidIn(result)
      if (said.text !== text) throw new Error('The deltas are another text than the output')
      return said
    },
    async useTool(access, question, getSum) {
      const getSumTool = tool({
        name: SUM.name,
        description: SUM.description,
        parameters: SCHEMA,
        strict: true,
        execute: async (input: unknown) => getSum(input),
      })
      const agent = new Agent({ ...agentOf(question), tools: [getSumTool] })
      return saidIn(await runnerOf(access).run(agent, inputOf(question)))
    },
    async askObject(access, question) {
      const outputType = { type: 'json_schema' as const, name: 'numbers', strict: true, schema: SCHEMA }
      const agent = new Agent({ ...agentOf(question), outputType })
      return (await runnerOf(access).run(agent, inputOf(question))).finalOutput
    },
    async converse(access, first, second) {
      const runner = runnerOf(access)
      const agent = new Agent(agentOf(first))
      const one = await runner.run(agent, inputOf(first))
      const input: AgentInputItem[] = [...one.history, { role: 'user', content: second.prompt }]
      return [saidIn(one), saidIn(await runner.run(agent, input))]
    },
    statusOf: (error) => (error instanceof OpenAI.APIError ? error.status : undefined),
  }
}

export const AGENTS_RESPONSES: Sdk = {
  ...agents('@openai/agents, responses', true),
  lengthFinish: 'throws',
  unknownModelStatus: 400,
  keepsCarry: true,
}
export const AGENTS_CHAT = agents('@openai/agents, chat', false)
