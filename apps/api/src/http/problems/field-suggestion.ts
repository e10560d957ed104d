import { z } from 'zod'

/** The longest name that is compared with fields. A hostile body may have names of megabytes. */
const MAX_LENGTH = 60
/** How many letters of a name may be wrong, missing or too many. */
const MAX_TYPOS = 2

/** The fields that a schema knows. Those inside others are written as `options.maxTokens`. */
export function fieldsOf(schema: unknown): string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return fieldsOf(schema.unwrap())
  if (schema instanceof z.ZodPipe) return fieldsOf(schema.out instanceof z.ZodTransform ? schema.in : schema.out)
  if (!(schema instanceof z.ZodObject)) return []
  // A name with a dot stands for many parameters, as `metadata.NAME` does, and is none itself.
  const fields = Object.entries(schema.shape).filter(([name]) => !name.includes('.'))
  return fields.flatMap(([name, field]) => [name, ...fieldsOf(field).map((inner) => `${name}.${inner}`)])
}

/**
 * The field that an unknown name most likely stands for, wherever the field belongs: `options.maxTokens` for `max_tokens`.
 * Undefined if no field is similar.
 */
export function suggestField(name: string, fields: readonly string[]): string | undefined {
  if (name.length > MAX_LENGTH) return undefined
  const [nearest] = fields
    .map((field) => ({ field, distance: distanceOf(name, lastOf(field)) }))
    .filter(({ distance }) => distance !== undefined)
    .sort((a, b) => (a.distance ?? 0) - (b.distance ?? 0))
  return nearest?.field
}

/** The distance between two names: the number of typos, or a higher number if the name contains all words of the field. */
function distanceOf(name: string, field: string): number | undefined {
  const [words, fieldWords] = [wordsOf(name), wordsOf(field)]
  const typos = typosBetween(words.join(''), fieldWords.join(''))
  if (typos <= MAX_TYPOS) return typos
  const places = fieldWords.map((word) => words.indexOf(word))
  return places.includes(-1) ? undefined : MAX_TYPOS + 1 + Math.min(...places)
}

/** `maxTokens`, `max_tokens` and `MAX-TOKENS` are the same words. */
function wordsOf(name: string): string[] {
  return name
    .replaceAll(/(\p{Lower})(\p{Upper})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\d]+/u)
    .filter(Boolean)
}

function lastOf(field: string): string {
  return field.slice(field.lastIndexOf('.') + 1)
}

/** The Levenshtein distance: how many letters have to be replaced, added or taken away. */
function typosBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...a].entries()) {
    const next = [index + 1]
    for (const [column, other] of [...b].entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
