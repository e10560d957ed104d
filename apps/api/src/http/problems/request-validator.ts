import { type Fault, issueSentence } from '@promptlab/contract'
import type { FastifySchemaCompiler } from 'fastify'
import type { z } from 'zod'
import { ApiError } from '../../base/api-error.ts'
import { pathText } from '../../base/path-text.ts'
import { clip } from '../clip.ts'
import { fieldsOf, suggestField } from './field-suggestion.ts'

/** A body of a megabyte may have as many faults, and the answer must stay short. */
const MAX_LISTED_FAULTS = 50

/** Checks each part of a request against its zod schema. A wrong request is refused with a sentence for each fault. */
export const requestValidator: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart = 'body' }) => {
  const fields = fieldsOf(schema)
  const error = httpPart === 'body' ? issueSentence : sentenceOutsideBody
  return (value: unknown) => {
    const parsed = schema.safeParse(value, { error })
    return parsed.success ? { value: parsed.data } : { error: invalidRequest(parsed.error, httpPart, fields) }
  }
}

function sentenceOutsideBody(issue: z.core.$ZodRawIssue): string {
  // A parameter or a header that is sent twice arrives as a list.
  if (Array.isArray(issue.input)) return 'Must be given only once'
  return issue.code === 'unrecognized_keys' ? 'Unknown parameter' : issueSentence(issue)
}

/**
 * The refusal of a value with faults.
 * @param httpPart names the value where it is wrong as a whole
 * @param fields that an unknown name may stand for
 */
export function invalidRequest({ issues }: z.ZodError, httpPart: string, fields: readonly string[]): ApiError {
  const all = issues.flatMap(withoutGroups)
  const faults = all.slice(0, MAX_LISTED_FAULTS).map((each) => faultOf(each, httpPart, fields))
  const sentences = faults.map(({ path, message }) => {
    const sentence = /[.?]$/.test(message) ? message : `${message}.`
    // A sentence about a whole part already names it.
    return path === httpPart ? sentence : `${path}: ${sentence}`
  })
  if (all.length > faults.length) sentences.push(`And ${all.length - faults.length} more.`)
  return new ApiError('invalid-request', sentences.join(' '), { faults })
}

interface FieldFault {
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly unknownField?: string
}

/** One fault for each path. Zod has a single issue for all unknown fields of an object. */
function withoutGroups(issue: z.core.$ZodIssue): FieldFault[] {
  const { path, message } = issue
  const inner = issue.code === 'invalid_union' ? unionFaults(issue) : undefined
  if (inner) return inner
  if (issue.code !== 'unrecognized_keys') return [{ path, message }]
  return issue.keys.map((key) => ({ path: [...path, key], message, unknownField: key }))
}

/**
 * The faults of a value that may have several forms, if one form is meant: the value has its type, but something inside is
 * wrong.
 */
function unionFaults({ path, errors }: z.core.$ZodIssueInvalidUnion): FieldFault[] | undefined {
  const meant = errors.find((issues) => issues.length > 0 && issues.every((inner) => inner.path.length > 0))
  return meant?.flatMap(withoutGroups).map((fault) => ({ ...fault, path: [...path, ...fault.path] }))
}

function faultOf({ path, message, unknownField }: FieldFault, httpPart: string, fields: readonly string[]): Fault {
  if (path.length === 0 && httpPart === 'body' && message === 'Is required') {
    return { path: httpPart, message: 'The body is empty. Send a JSON object.' }
  }
  const suggestion = unknownField === undefined ? undefined : suggestField(unknownField, fields)
  return {
    path: clip(pathText(path)) || httpPart,
    message: suggestion === undefined ? message : `${message}; did you mean ${suggestion}?`,
  }
}
