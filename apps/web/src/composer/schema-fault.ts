import type { JsonPath } from './json-text.ts'

/** What is wrong in a JSON Schema, and where. */
export interface SchemaFault {
  readonly path: JsonPath
  readonly message: string
}

type Check = (value: unknown) => string | undefined

const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']

const text: Check = (value) => (typeof value === 'string' ? undefined : 'must be a text')
const number: Check = (value) => (typeof value === 'number' ? undefined : 'must be a number')
const positive: Check = (value) => (typeof value === 'number' && value > 0 ? undefined : 'must be a number above 0')
const truth: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false')
const list: Check = (value) => (Array.isArray(value) ? undefined : 'must be a list')
const count: Check = (value) =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 ? undefined : 'must be a whole number, 0 or more'
const names: Check = (value) =>
  Array.isArray(value) && value.every((each) => typeof each === 'string') && new Set(value).size === value.length
    ? undefined
    : 'must be a list of names, each of them once'
const type: Check = (value) => {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value]
  const wrong = all.find((each) => !TYPES.some((known) => known === each))
  if (all.length === 0 || wrong !== undefined || all.includes(undefined)) return `must be one of ${TYPES.join(', ')}`
  return new Set(all).size === all.length ? undefined : 'must name each type once'
}

const CHECKS: Readonly<Record<string, Check>> = {
  type,
  required: names,
  enum: list,
  title: text,
  description: text,
  $ref: text,
  format: text,
  pattern: text,
  minimum: number,
  maximum: number,
  exclusiveMinimum: number,
  exclusiveMaximum: number,
  multipleOf: positive,
  minLength: count,
  maxLength: count,
  minItems: count,
  maxItems: count,
  minProperties: count,
  maxProperties: count,
  uniqueItems: truth,
}
const OF_ONE_SCHEMA = ['additionalProperties', 'not', 'if', 'then', 'else', 'contains', 'propertyNames']
const OF_NAMED_SCHEMAS = ['properties', 'patternProperties', '$defs', 'definitions']
const OF_SCHEMAS = ['anyOf', 'allOf', 'oneOf']

/**
 * The first thing that is wrong with the common keywords of a JSON Schema; undefined if they are right. It refuses nothing that
 * the server takes; the server checks every keyword.
 */
export function schemaFault(schema: unknown, path: JsonPath = []): SchemaFault | undefined {
  if (typeof schema === 'boolean' && path.length > 0) return undefined
  if (!isObject(schema)) return { path, message: 'must be an object, which is a schema' }
  for (const [keyword, value] of Object.entries(schema)) {
    const fault = keywordFault(keyword, value, [...path, keyword])
    if (fault) return fault
  }
  return undefined
}

function keywordFault(keyword: string, value: unknown, path: JsonPath): SchemaFault | undefined {
  const message = Object.hasOwn(CHECKS, keyword) ? CHECKS[keyword]?.(value) : undefined
  if (message !== undefined) return { path, message }
  if (OF_ONE_SCHEMA.includes(keyword)) return schemaFault(value, path)
  // A list of schemas is how draft 7 writes the items of a tuple.
  if (keyword === 'items') return Array.isArray(value) ? firstFault(value, path) : schemaFault(value, path)
  if (OF_NAMED_SCHEMAS.includes(keyword)) {
    if (!isObject(value)) return { path, message: 'must be an object of schemas by their names' }
    return firstOf(Object.entries(value), ([name, each]) => schemaFault(each, [...path, name]))
  }
  if (!OF_SCHEMAS.includes(keyword)) return undefined
  if (!Array.isArray(value) || value.length === 0) return { path, message: 'must be a list of schemas, at least one' }
  return firstFault(value, path)
}

function firstFault(schemas: readonly unknown[], path: JsonPath): SchemaFault | undefined {
  return firstOf([...schemas.entries()], ([index, each]) => schemaFault(each, [...path, index]))
}

function firstOf<Item>(items: readonly Item[], faultOf: (item: Item) => SchemaFault | undefined) {
  for (const item of items) {
    const fault = faultOf(item)
    if (fault) return fault
  }
  return undefined
}

/** Whether a value is an object, and no list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
