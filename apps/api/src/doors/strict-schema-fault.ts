/** The keywords whose value is a schema, a list of schemas, or (the named ones) an object of schemas. */
const NESTED = ['items', 'prefixItems', 'anyOf', 'oneOf', 'allOf', 'not', 'properties', '$defs', 'definitions'] as const
const NAMED = new Set<string>(['properties', '$defs', 'definitions'])

/**
 * Why a vendor cannot be made to keep strictly to a schema, as a sentence without its end; undefined if it can. Each object
 * must forbid other keys and require all of its own, as OpenAI asks.
 * @param place where the schema is in the whole one, as a JSON Pointer
 */
export function strictSchemaFault(schema: unknown, place = ''): string | undefined {
  if (!isObject(schema)) return undefined
  const fault = objectFault(schema, place === '' ? 'at the root' : `at ${place}`)
  if (fault !== undefined) return fault
  for (const keyword of NESTED) {
    const nested = nestedFault(schema[keyword], `${place}/${keyword}`, NAMED.has(keyword))
    if (nested !== undefined) return nested
  }
  return undefined
}

function objectFault(schema: Schema, where: string): string | undefined {
  const { type, properties, required, additionalProperties } = schema
  const keys = isObject(properties) ? Object.keys(properties) : []
  if (type !== 'object' && keys.length === 0) return undefined
  if (additionalProperties !== false)
    return `A strict schema has additionalProperties: false in every object, and it is missing ${where}`
  const names: readonly unknown[] = Array.isArray(required) ? required : []
  const optional = keys.find((name) => !names.includes(name))
  return optional === undefined
    ? undefined
    : `A strict schema names every key in required, and "${optional}" is missing ${where}`
}

function nestedFault(nested: unknown, place: string, isNamed: boolean): string | undefined {
  if (!isNamed && !Array.isArray(nested)) return strictSchemaFault(nested, place)
  if (typeof nested !== 'object' || nested === null) return undefined
  for (const [name, inner] of Object.entries(nested)) {
    const fault = strictSchemaFault(inner, `${place}/${name}`)
    if (fault !== undefined) return fault
  }
  return undefined
}

type Schema = Readonly<{ type?: unknown; properties?: unknown; required?: unknown; additionalProperties?: unknown }> &
  Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
