import { createRequire } from 'node:module'
import type { Ajv } from 'ajv'
import type { Ajv2020 } from 'ajv/dist/2020.js'

const require = createRequire(import.meta.url)

// Not strict: schemas of callers may have keywords and formats that ajv does not know. They are never compiled here, because
// compiling runs code that is made of them.
const OPTIONS = { strict: false, logger: false } as const

/** Vendors take schemas of both drafts, in which lists of items are written differently. */
let drafts: readonly [Ajv2020, Ajv] | undefined

/** Loads ajv at the first schema: most servers see none, and it takes 20 ms. */
function loadDrafts(): readonly [Ajv2020, Ajv] {
  const { Ajv }: typeof import('ajv') = require('ajv')
  const { Ajv2020 }: typeof import('ajv/dist/2020.js') = require('ajv/dist/2020.js')
  return [new Ajv2020(OPTIONS), new Ajv(OPTIONS)]
}

/** What is wrong with a JSON Schema, as a sentence without its end; undefined if nothing is. */
export function schemaFault(schema: Readonly<Record<string, unknown>>): string | undefined {
  // The draft that a schema names does not matter, and ajv would have to know it.
  const { $schema: _, ...rules } = schema
  drafts ??= loadDrafts()
  if (drafts.some((ajv) => ajv.validateSchema(rules) === true)) return undefined
  const [error] = drafts[0].errors ?? []
  const place = error?.instancePath ? ` at ${error.instancePath}` : ''
  return `Is not a JSON Schema: ${error?.message ?? 'it is not valid'}${place}`
}
