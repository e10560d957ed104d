import { readJson } from './json-text.ts'

/** A schema that shows how one is written. */
export const EXAMPLE_SCHEMA = JSON.stringify(
  {
    type: 'object',
    properties: {
      title: { type: 'string', description: 'At most ten words' },
      tags: { type: 'array', items: { type: 'string' } },
    },
    required: ['title', 'tags'],
    additionalProperties: false,
  },
  null,
  2,
)

const EXAMPLE_TOOL = {
  name: 'get_weather',
  description: 'Tells the weather of a city now.',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string', description: 'The name of the city' } },
    required: ['city'],
    additionalProperties: false,
  },
}

/** The tools of the field with an example behind them. A field that is not a list of JSON gets the example below its text. */
export function withExampleTool(tools: string): string {
  const read = readJson(tools.trim() === '' ? '[]' : tools)
  if (read.fault || !Array.isArray(read.value)) return `${tools}\n${JSON.stringify([EXAMPLE_TOOL], null, 2)}`
  const names = new Set(read.value.map((each: unknown) => JSON.stringify(Object(each).name)))
  let name = EXAMPLE_TOOL.name
  for (let number = 2; names.has(JSON.stringify(name)); number++) name = `${EXAMPLE_TOOL.name}_${number}`
  return JSON.stringify([...read.value, { ...EXAMPLE_TOOL, name }], null, 2)
}
