import { Ajv } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'

// Not strict: schemas of callers may have keywords and formats that ajv does not know. They are never compiled here, because
// compiling runs code that is made of them.
const OPTIONS = { strict: false, logger: false } as const
/** Vendors take schemas of both drafts, in which lists of items are written differently. */
const DRAFTS = [new Ajv2020(OPTIONS), new Ajv(OPTIONS)]

/** What is wrong with a JSON Schema, as a sentence without its end; undefined if nothing is. */
export function schemaFault(schema: Readonly<Record<string, unknown>>): string | undefined {
  // The draft that a schema names does not matter, and ajv would have to know it.
  const { $schema: _, ...rules } = schema
  if (DRAFTS.some((ajv) => ajv.validateSchema(rules) === true)) return undefined
  const [error] = DRAFTS[0]?.errors ?? []
  const place = error?.instancePath ? ` at ${error.instancePath}` : ''
  return `Is not a JSON Schema: ${error?.message ?? 'it is not valid'}${place}`
}
