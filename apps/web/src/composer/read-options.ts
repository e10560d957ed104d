import type { Fallback, JobOptions, ResponseFormat } from '@promptlab/client'
import { type JsonPath, jsonFaultText, readJson } from './json-text.ts'
import { type OptionField, type OptionFields, stopsOf } from './option-fields.ts'
import { readTools } from './read-tools.ts'
import { isObject, schemaFault } from './schema-fault.ts'

/** What a job gets of the option fields. */
interface OptionValues {
  readonly options: JobOptions
  readonly fallbacks?: Fallback[]
  readonly maxCostUsd?: number
}

/** A fault of one option field. */
interface OptionFault {
  readonly field: OptionField
  readonly message: string
}

/** The fields as a job gets them, and what is wrong with them. A field with a fault is left out of the values. */
export interface ReadOptions {
  readonly values: OptionValues
  readonly faults: readonly OptionFault[]
}

const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'] as const
const TOOL_CHOICES = ['auto', 'none', 'required'] as const
const NAME = /^[\w-]{1,64}$/
/** The most fallbacks of a job. */
export const MAX_FALLBACKS = 8

/** Reads the option fields. */
export function readOptions(fields: OptionFields): ReadOptions {
  const faults: OptionFault[] = []
  const fail = (field: OptionField, message: string): undefined => {
    faults.push({ field, message })
  }
  const number = (field: keyof typeof NUMBERS) =>
    readNumber(fields[field], NUMBERS[field], (message) => fail(field, message))
  const stop = readStops(fields.stop, fail)
  const effort = EFFORTS.find((each) => each === fields.reasoning)
  const tools = readTools(fields.tools, (message) => fail('tools', message))
  const options: { [Option in keyof JobOptions]: JobOptions[Option] } = {
    system: fields.system.trim() === '' ? undefined : fields.system,
    temperature: number('temperature'),
    topP: number('topP'),
    maxTokens: number('maxTokens'),
    stop: stop.length > 0 ? stop : undefined,
    seed: number('seed'),
    presencePenalty: number('presencePenalty'),
    frequencyPenalty: number('frequencyPenalty'),
    reasoning: effort && { effort },
    responseFormat: readFormat(fields, fail),
    tools,
    toolChoice: readToolChoice(fields, tools?.map(({ name }) => name) ?? [], fail),
    parallelToolCalls: readTruth(fields.parallelToolCalls),
    vendor: readVendor(fields.vendor, fail),
  }
  const fallbacks = readFallbacks(fields, fail)
  const maxCostUsd = number('maxCostUsd')
  return {
    values: {
      options: Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
      ...(fallbacks && { fallbacks }),
      ...(maxCostUsd !== undefined && { maxCostUsd }),
    },
    faults,
  }
}

type Fail = (field: OptionField, message: string) => undefined

interface NumberRule {
  readonly isWhole?: boolean
  readonly min?: number
  readonly max?: number
  readonly isAboveMin?: boolean
  readonly words: string
}

const NUMBERS = {
  temperature: { min: 0, max: 2, words: 'a number from 0 to 2, such as 0.7' },
  topP: { min: 0, max: 1, words: 'a number from 0 to 1, such as 0.9' },
  maxTokens: { isWhole: true, min: 1, words: 'a whole number, 1 or more' },
  seed: { isWhole: true, words: 'a whole number' },
  presencePenalty: { min: -2, max: 2, words: 'a number from -2 to 2' },
  frequencyPenalty: { min: -2, max: 2, words: 'a number from -2 to 2' },
  maxCostUsd: { min: 0, isAboveMin: true, max: 1_000_000, words: 'an amount in US dollars above 0, such as 0.05' },
} satisfies Record<string, NumberRule>

function readNumber(field: string, rule: NumberRule, fail: (message: string) => undefined): number | undefined {
  const text = field.trim()
  if (text === '') return undefined
  const { isWhole = false, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, isAboveMin = false } = rule
  const value = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
  const isKind = isWhole ? Number.isSafeInteger(value) : Number.isFinite(value)
  if (isKind && value <= max && (isAboveMin ? value > min : value >= min)) return value
  return fail(`Must be ${rule.words}.`)
}

function readStops(field: string, fail: Fail): string[] {
  const stops = stopsOf(field)
  if (stops.length > 16) fail('stop', 'There are more than 16 texts, the most that a job may have.')
  if (stops.some((stop) => stop.length > 1_000)) fail('stop', 'A text is longer than 1000 characters.')
  return stops
}

function readTruth(field: string): boolean | undefined {
  return field === '' ? undefined : field === 'true'
}

function readFormat({ format, schemaName, schema, strict }: OptionFields, fail: Fail): ResponseFormat | undefined {
  if (format === 'text' || format === 'json') return { type: format }
  if (format !== 'json-schema') return undefined
  const name = schemaName.trim() || 'answer'
  if (!NAME.test(name)) fail('schemaName', 'Must be 1 to 64 letters, digits, underscores or hyphens.')
  const read = readJsonObject(schema, 'Write the JSON Schema of the answer, or insert the example.')
  if ('message' in read) return fail('schema', read.message)
  const fault = schemaFault(read.value)
  if (fault) return fail('schema', `Line ${read.lineOf(fault.path)}: ${pathText(fault.path)} ${fault.message}.`)
  const isStrict = readTruth(strict)
  return { type: format, name, schema: read.value, ...(isStrict !== undefined && { strict: isStrict }) }
}

function readToolChoice({ toolChoice }: OptionFields, names: readonly string[], fail: Fail): JobOptions['toolChoice'] {
  const word = TOOL_CHOICES.find((each) => each === toolChoice)
  if (word === 'required' && names.length === 0) return fail('toolChoice', 'There are no tools to call.')
  if (word !== undefined || toolChoice === '') return word
  const name = toolChoice.replace(/^tool:/, '')
  return names.includes(name) ? { name } : fail('toolChoice', `There is no tool ${name} among the tools.`)
}

function readVendor(field: string, fail: Fail): Record<string, unknown> | undefined {
  if (field.trim() === '') return undefined
  const read = readJsonObject(field, '')
  return 'message' in read ? fail('vendor', read.message) : read.value
}

function readFallbacks({ fallbackMode, fallbacks }: OptionFields, fail: Fail): Fallback[] | undefined {
  if (fallbackMode === 'none') return []
  if (fallbackMode !== 'list') return undefined
  if (fallbacks.length > MAX_FALLBACKS) return fail('fallbacks', `There are more than ${MAX_FALLBACKS} models.`)
  return fallbacks.length > 0 ? [...fallbacks] : fail('fallbacks', 'Add a model, or choose another entry of the list.')
}

type ReadObject =
  | { readonly value: Record<string, unknown>; readonly lineOf: (path: JsonPath) => number }
  | { readonly message: string }

function readJsonObject(text: string, ifEmpty: string): ReadObject {
  if (text.trim() === '') return { message: ifEmpty }
  const read = readJson(text)
  if (read.fault) return { message: jsonFaultText(read.fault) }
  const { value, lineOf } = read
  return isObject(value) ? { value, lineOf } : { message: 'Must be an object: write { before it and } after it.' }
}

/** A path of a JSON value in words: `properties.city.type`. */
function pathText(path: JsonPath): string {
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')
  return text === '' ? 'the schema' : text.replace(/^\./, '')
}
