import type { Problem } from '@promptlab/client'
import type { Draft } from './draft.ts'
import { FIELD_OF_OPTION } from './draft-faults.ts'
import type { Fault, FaultField } from './fault.ts'
import type { OptionField } from './option-fields.ts'

/**
 * What the server refused, at the fields of the draft. A problem that names no field of the draft becomes a fault of the form.
 * @param index which request of the draft it was, from 0
 */
export function faultsOfProblem({ code, detail, errors = [] }: Problem, draft: Draft, index = 0): Fault[] {
  if (errors.length === 0) return [{ field: CHOICE_CODES.includes(code) ? 'choices' : 'form', message: detail }]
  const choice = draft.choices[index]?.own ? index : undefined
  return errors.map(({ path, message }) => {
    const steps = path.split(/[.[\]]+/).filter(Boolean)
    const { field, rest, attachmentId } = placeOf(steps, draft)
    const place = rest.length > 0 ? `${rest.join('.')}: ` : ''
    const sentence = `${place}${message}${/[.!?]$/.test(message) ? '' : '.'}`
    const isOption = field in draft.options
    return {
      field,
      message: field === 'form' && path !== '' ? `${path}: ${sentence}` : sentence,
      ...(isOption && choice !== undefined && { choice }),
      ...(attachmentId !== undefined && { attachmentId }),
    }
  })
}

const CHOICE_CODES = ['unknown-provider', 'unknown-model', 'provider-key-missing', 'unpriced-model']

interface Place {
  readonly field: FaultField
  /** What is behind the field in the path, as far as it helps. */
  readonly rest: readonly string[]
  readonly attachmentId?: string | undefined
}

function placeOf([first = '', ...rest]: readonly string[], draft: Draft): Place {
  switch (first) {
    case 'options':
      return optionPlace(rest)
    case 'fallbacks':
    case 'maxCostUsd':
      return { field: first, rest }
    case 'prompt':
      return { field: 'prompt', rest: [] }
    case 'provider':
    case 'model':
      return { field: 'choices', rest: [] }
    case 'messages': {
      // There is one message, whose parts are the attachments and then the prompt.
      const attachment = draft.attachments[Number(rest[2] ?? Number.NaN)]
      if (attachment) return { field: 'attachments', rest: [], attachmentId: attachment.id }
      return { field: rest.length > 1 && draft.prompt !== '' ? 'prompt' : 'attachments', rest: [] }
    }
    default:
      return { field: 'form', rest: [] }
  }
}

function optionPlace([option = '', ...rest]: readonly string[]): Place {
  if (option === 'responseFormat') {
    const [inner = '', ...deeper] = rest
    return { field: FORMAT_FIELDS[inner] ?? 'format', rest: deeper }
  }
  const field: OptionField | undefined = Object.entries(FIELD_OF_OPTION).find(([name]) => name === option)?.[1]
  return field ? { field, rest } : { field: 'form', rest: [] }
}

const FORMAT_FIELDS: Readonly<Record<string, OptionField>> = {
  type: 'format',
  name: 'schemaName',
  schema: 'schema',
  strict: 'strict',
}
