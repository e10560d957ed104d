import type { Tool } from '@promptlab/client'
import { type JsonPath, jsonFaultText, readJson } from './json-text.ts'
import { isObject, schemaFault } from './schema-fault.ts'

const NAME = /^[\w-]{1,64}$/
const KNOWN = ['name', 'description', 'parameters']
const MAX_TOOLS = 128

/**
 * The tools of the field; undefined if it is empty or has a fault.
 * @param fail is told each fault as a sentence
 */
export function readTools(field: string, fail: (message: string) => void): Tool[] | undefined {
  if (field.trim() === '') return undefined
  const read = readJson(field)
  if (read.fault) return void fail(jsonFaultText(read.fault))
  const { value, lineOf } = read
  if (!Array.isArray(value)) return void fail('Must be a list of tools: write [ before it and ] after it.')
  if (value.length > MAX_TOOLS)
    return void fail(`There are more than ${MAX_TOOLS} tools, the most that a job may have.`)
  const tools: Tool[] = []
  let isWrong = false
  for (const [index, each] of value.entries()) {
    const tool = readTool(each, tools, (path, message) => {
      isWrong = true
      fail(`Line ${lineOf([index, ...path])}: ${message}`)
    })
    if (tool) tools.push(tool)
  }
  return isWrong || tools.length === 0 ? undefined : tools
}

function readTool(
  value: unknown,
  others: readonly Tool[],
  fail: (path: JsonPath, message: string) => void,
): Tool | undefined {
  if (!isObject(value)) return void fail([], 'A tool must be an object with a name.')
  const { name, description, parameters } = value
  if (isObject(value['function'])) {
    return void fail([], 'Write name, description and parameters in the tool itself, without "type" and "function".')
  }
  if (typeof name !== 'string') return void fail([], 'The tool has no "name".')
  if (!NAME.test(name)) return void fail(['name'], 'A name has 1 to 64 letters, digits, underscores or hyphens.')
  if (others.some((other) => other.name === name)) return void fail(['name'], `There is another tool ${name}.`)
  const unknown = Object.keys(value).find((key) => !KNOWN.includes(key))
  if (unknown !== undefined) return void fail([unknown], unknownField(unknown))
  if (description !== undefined && typeof description !== 'string') {
    return void fail(['description'], 'The description must be a text.')
  }
  if (parameters === undefined) return { name, ...(description !== undefined && { description }) }
  const fault = schemaFault(parameters)
  const path: JsonPath = ['parameters', ...(fault?.path ?? [])]
  if (fault || !isObject(parameters))
    return void fail(path, `${path.join('.')} ${fault?.message ?? 'must be an object'}.`)
  return { name, ...(description !== undefined && { description }), parameters }
}

function unknownField(name: string): string {
  return name === 'input_schema' || name === 'inputSchema' || name === 'schema'
    ? `A tool has no "${name}"; write "parameters".`
    : `A tool has no "${name}", but ${KNOWN.join(', ')}.`
}
