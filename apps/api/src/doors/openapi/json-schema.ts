import { z } from 'zod'

/** The type that an item may leave out. */
const DEFAULT_TYPE = 'message'

/**
 * The JSON Schema of a body. Fields that must be absent or null are left out, because the schema refuses all fields that it does
 * not have.
 */
export function requestSchema(schema: z.ZodType): object {
  const { $schema: _, $defs: __, ...json } = z.toJSONSchema(schema, { unrepresentable: 'any' })
  const tidy = tidied(json)
  return isObject(tidy) ? tidy : {}
}

/** The JSON Schema of an answer. */
export function answerSchema(schema: z.ZodType): object {
  const { $schema: _, ...json } = z.toJSONSchema(schema)
  return json
}

function tidied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tidied)
  if (!isObject(value)) return value
  // The only definition is that of any JSON value.
  if (typeof value['$ref'] === 'string') return {}
  const { required, ...tidy } = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, tidied(each)]))
  const { properties } = tidy
  if (!isObject(properties)) return required === undefined ? tidy : { ...tidy, required }
  const kept = Object.entries(properties).filter(([, property]) => !isRefused(property))
  const names = Array.isArray(required) ? required.filter((name) => name !== 'type' || !hasDefaultType(properties)) : []
  return { ...tidy, properties: Object.fromEntries(kept), ...(names.length > 0 && { required: names }) }
}

function isRefused(property: unknown): boolean {
  if (!isObject(property) || Object.keys(property).length > 1) return false
  return 'not' in property || property['type'] === 'null'
}

function hasDefaultType({ type }: Readonly<Record<string, unknown>>): boolean {
  return isObject(type) && type['const'] === DEFAULT_TYPE
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
