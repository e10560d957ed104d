import type { CreateJobBody } from '@promptlab/contract'
import type { ChatBody } from './chat-body.ts'

export type JobOptions = NonNullable<CreateJobBody['options']>

/** The parameters that stand for each option of a job, the one that is sent first. */
const PARAMS: Readonly<Record<string, readonly (keyof ChatBody)[]>> = {
  maxTokens: ['max_completion_tokens', 'max_tokens'],
  topP: ['top_p'],
  presencePenalty: ['presence_penalty'],
  frequencyPenalty: ['frequency_penalty'],
  toolChoice: ['tool_choice'],
  parallelToolCalls: ['parallel_tool_calls'],
  reasoning: ['reasoning_effort'],
}

/** The options of a job that a body asks for; undefined if there are none. */
export function readOptions(body: ChatBody): JobOptions | undefined {
  const { temperature, seed, stop, tools, tool_choice, response_format, reasoning_effort } = body
  const options: JobOptions = {
    temperature,
    maxTokens: body.max_completion_tokens ?? body.max_tokens,
    topP: body.top_p,
    stop: typeof stop === 'string' ? [stop] : stop,
    seed,
    presencePenalty: body.presence_penalty,
    frequencyPenalty: body.frequency_penalty,
    reasoning: reasoning_effort && { effort: reasoning_effort },
    tools: tools?.map(({ function: { name, description, parameters } }) => ({ name, description, parameters })),
    toolChoice: typeof tool_choice === 'object' ? { name: tool_choice.function.name } : tool_choice,
    // OpenAI refuses it without tools, but clients send it to all models.
    parallelToolCalls: tools && body.parallel_tool_calls,
    responseFormat: response_format && readFormat(response_format),
  }
  const given = withoutUndefined(options)
  return Object.keys(given).length > 0 ? given : undefined
}

function readFormat(format: NonNullable<ChatBody['response_format']>): NonNullable<JobOptions['responseFormat']> {
  switch (format.type) {
    case 'text':
      return { type: 'text' }
    case 'json_object':
      return { type: 'json' }
    case 'json_schema': {
      const { name, description, schema, strict } = format.json_schema
      // A job has no place for the description, but a schema has.
      const described = description !== undefined && schema['description'] === undefined && { description }
      return withoutUndefined({ type: 'json-schema', name, schema: { ...schema, ...described }, strict } as const)
    }
  }
}

/**
 * The path in the body of an option's.
 * @param path behind `options.`, such as `tools[0].parameters`
 */
export function optionParam(body: ChatBody, path: string): string {
  const [, option = '', rest = ''] = /^(\w+)(.*)$/.exec(path) ?? []
  switch (option) {
    case 'tools':
      return `tools${rest.replace(/^(\[\d+\])\./, '$1.function.')}`
    case 'stop':
      return typeof body.stop === 'string' ? 'stop' : `stop${rest}`
    case 'responseFormat':
      return `response_format${rest.replace(/^\.(?!type$)/, '.json_schema.')}`
    case 'toolChoice':
      return rest === '.name' ? 'tool_choice.function.name' : 'tool_choice'
    default: {
      const names = Object.hasOwn(PARAMS, option) ? (PARAMS[option] ?? []) : []
      return names.find((name) => body[name] !== undefined) ?? names[0] ?? `${option}${rest}`
    }
  }
}

/** The same object without the fields that are undefined. */
function withoutUndefined<Value extends object>(value: Value): Value {
  for (const name of Object.keys(value)) if (Reflect.get(value, name) === undefined) Reflect.deleteProperty(value, name)
  return value
}
