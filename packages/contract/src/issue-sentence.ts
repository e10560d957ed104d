import { z } from 'zod'

/**
 * The sentence for a fault that zod found. It is written for the person who sent the value, and replaces zod's own wording:
 * `schema.safeParse(value, { error: issueSentence })`. A message that the schema sets itself takes precedence.
 */
export function issueSentence(issue: z.core.$ZodRawIssue): string {
  const { code, input, schema } = issue
  if (input === undefined && code === 'invalid_type') return 'Is required'
  if (schema instanceof z.ZodNumber)
    return `Must be ${numbersOf(schema)}${typeof input === 'number' ? '' : notA(input)}`
  switch (code) {
    case 'invalid_type':
      return `Must be ${TYPES[issue.expected] ?? issue.expected}${notA(input)}`
    case 'too_big':
      if (issue.origin === 'array') return `Has more than ${issue.maximum} items`
      return `The ${fieldOf(issue)} is longer than ${issue.maximum} ${UNITS[issue.origin] ?? 'items'}`
    case 'too_small':
      if (issue.minimum === 1) return 'Must not be empty'
      return `The ${fieldOf(issue)} is shorter than ${issue.minimum} ${UNITS[issue.origin] ?? 'items'}`
    case 'invalid_value':
      return oneOf(issue.values)
    case 'invalid_union':
      return Array.isArray(issue.options) ? oneOf(issue.options) : 'Is not valid'
    case 'unrecognized_keys':
      return 'Unknown field'
    default:
      return 'Is not valid'
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

const UNITS: Readonly<Record<string, string>> = { string: 'characters', array: 'items' }

/** The end of a sentence that names the kind of a wrong value: `, not a list`. */
export function notA(value: unknown): string {
  if (Array.isArray(value)) return ', not a list'
  switch (typeof value) {
    case 'string':
      return ', not a text'
    case 'number':
      return ', not a number'
    case 'object':
      return value === null ? ', not null' : ', not an object'
    default:
      return `, not ${String(value)}`
  }
}

/** The numbers that a schema accepts: `a whole number from 1 to 100`. */
function numbersOf(schema: z.ZodNumber): string {
  const { isInt, minValue, maxValue } = schema
  const kind = isInt ? 'a whole number' : 'a number'
  const min = isLimit(minValue) ? minValue : undefined
  const max = isLimit(maxValue) ? maxValue : undefined
  // The limit itself is refused, as 0 is where an amount must be above it.
  if (min !== undefined && isRefusedItself(schema))
    return max === undefined ? `${kind} above ${min}` : `${kind} above ${min} and up to ${max}`
  if (min !== undefined && max !== undefined) return `${kind} from ${min} to ${max}`
  if (min !== undefined) return `${kind}, ${min} or more`
  return max === undefined ? kind : `${kind}, ${max} or less`
}

/** Whether numbers must be above the least number of a schema. */
function isRefusedItself({ def: { checks = [] }, minValue }: z.ZodNumber): boolean {
  return checks.some(
    ({ _zod: { def } }) => 'inclusive' in def && def.inclusive === false && 'value' in def && def.value === minValue,
  )
}

/** Whether the schema itself sets the limit. Zod limits all whole numbers to those that are exact. */
function isLimit(value: number | null): value is number {
  return value !== null && Math.abs(value) < Number.MAX_SAFE_INTEGER
}

/** The name of the field in its object. */
function fieldOf({ path }: z.core.$ZodRawIssue): string {
  return String(path?.at(-1) ?? 'value')
}

function oneOf(values: readonly unknown[]): string {
  return values.length === 1 ? `Must be ${values[0]}` : `Must be one of ${values.join(', ')}`
}
