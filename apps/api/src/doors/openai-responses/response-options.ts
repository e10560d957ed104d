import type { CreateJobBody } from '@promptlab/contract'
import type { ResponseBody } from './response-body.ts'

type JobOptions = NonNullable<CreateJobBody['options']>

/** The parameters that stand for the options of a job. */
const PARAMS: Readonly<Record<string, string>> = {
  system: 'instructions',
  maxTokens: 'max_output_tokens',
  topP: 'top_p',
  toolChoice: 'tool_choice',
  parallelToolCalls: 'parallel_tool_calls',
  reasoning: 'reasoning.effort',
  responseFormat: 'text.format',
}

/** The options of a job that a body asks for; undefined if there are none. */
export function readOptions(body: ResponseBody): JobOptions | undefined {
  const { tools, tool_choice: choice, reasoning, text } = body
  const format = text?.format && readFormat(text.format)
  const entries: JobOptions = {
    ...(body.instructions && { system: body.instructions }),
    ...(body.temperature !== undefined && { temperature: body.temperature }),
    ...(body.max_output_tokens !== undefined && { maxTokens: body.max_output_tokens }),
    ...(body.top_p !== undefined && { topP: body.top_p }),
    ...(reasoning?.effort && { reasoning: { effort: reasoning.effort } }),
    ...(tools && { tools: tools.map(readTool) }),
    // Without tools these say nothing, and clients send them to all models.
    ...(isChoice(choice, tools) && { toolChoice: typeof choice === 'object' ? { name: choice.name } : choice }),
    ...(tools && body.parallel_tool_calls !== undefined && { parallelToolCalls: body.parallel_tool_calls }),
    ...(format && { responseFormat: format }),
  }
  return Object.keys(entries).length > 0 ? entries : undefined
}

type ToolChoice = ResponseBody['tool_choice']

function isChoice(choice: ToolChoice, tools: ResponseBody['tools']): choice is NonNullable<ToolChoice> {
  return choice !== undefined && (tools !== undefined || (choice !== 'auto' && choice !== 'none'))
}

function readTool({ name, description, parameters }: NonNullable<ResponseBody['tools']>[number]) {
  return { name, ...(description !== undefined && { description }), ...(parameters && { parameters }) }
}

type TextFormat = NonNullable<NonNullable<ResponseBody['text']>['format']>

function readFormat(format: TextFormat): JobOptions['responseFormat'] {
  switch (format.type) {
    case 'text':
      return undefined
    case 'json_object':
      return { type: 'json' }
    case 'json_schema': {
      const { name, description, schema, strict } = format
      // A job has no place for the description, but a schema has.
      const described = description !== undefined && schema['description'] === undefined && { description }
      return { type: 'json-schema', name, schema: { ...schema, ...described }, ...(strict !== undefined && { strict }) }
    }
  }
}

/**
 * The parameter that an option of a job stands for.
 * @param path behind `options.`, such as `tools[0].parameters`
 */
export function optionParam(path: string): string {
  const [, option = '', rest = ''] = /^(\w+)(.*)$/.exec(path) ?? []
  if (option === 'reasoning') return 'reasoning.effort'
  return `${Object.hasOwn(PARAMS, option) ? PARAMS[option] : option}${rest}`
}
