import type { Fallback, Job, JobOptions } from '@promptlab/client'
import { isObject } from './schema-fault.ts'

/**
 * The fields of the options, as they are typed: numbers and JSON are text. An empty field leaves the vendor its default. They are
 * the options of a job and what else belongs to a job and not to its input.
 */
export interface OptionFields {
  readonly system: string
  readonly temperature: string
  readonly topP: string
  readonly maxTokens: string
  /** One text in each line; `\n` is a line break in a text. */
  readonly stop: string
  readonly seed: string
  readonly presencePenalty: string
  readonly frequencyPenalty: string
  /** An effort, or empty. */
  readonly reasoning: string
  /** The type of `responseFormat`, or empty. */
  readonly format: string
  readonly schemaName: string
  /** JSON. */
  readonly schema: string
  /** `true`, `false` or empty. */
  readonly strict: string
  /** JSON, a list of tools. */
  readonly tools: string
  /** `auto`, `none`, `required`, `tool:` and the name of a tool, or empty. */
  readonly toolChoice: string
  /** `true`, `false` or empty. */
  readonly parallelToolCalls: string
  /** JSON, an object. */
  readonly vendor: string
  /** Empty: as the operator says. `none`: none. `list`: those of `fallbacks`. */
  readonly fallbackMode: string
  readonly fallbacks: readonly Fallback[]
  readonly maxCostUsd: string
}

export type OptionField = keyof OptionFields
export type TextField = Exclude<OptionField, 'fallbacks'>

export const EMPTY_OPTIONS: OptionFields = {
  system: '',
  temperature: '',
  topP: '',
  maxTokens: '',
  stop: '',
  seed: '',
  presencePenalty: '',
  frequencyPenalty: '',
  reasoning: '',
  format: '',
  schemaName: '',
  schema: '',
  strict: '',
  tools: '',
  toolChoice: '',
  parallelToolCalls: '',
  vendor: '',
  fallbackMode: '',
  fallbacks: [],
  maxCostUsd: '',
}

/** The fields in a stored value. A field that is missing or no text is empty. */
export function readOptionFields(stored: unknown): OptionFields {
  if (!isObject(stored)) return EMPTY_OPTIONS
  const texts = Object.entries(EMPTY_OPTIONS).map(([name]) => [
    name,
    typeof stored[name] === 'string' ? stored[name] : '',
  ])
  return { ...EMPTY_OPTIONS, ...Object.fromEntries(texts), fallbacks: readFallbacks(stored['fallbacks']) }
}

/** The fields that ask for what a job was asked. */
export function optionFieldsOf({
  options = {},
  fallbacks,
  maxCostUsd,
}: Pick<Job, 'options' | 'fallbacks' | 'maxCostUsd'>): OptionFields {
  return {
    ...EMPTY_OPTIONS,
    system: options.system ?? '',
    temperature: textOf(options.temperature),
    topP: textOf(options.topP),
    maxTokens: textOf(options.maxTokens),
    stop: (options.stop ?? []).map(escapeStop).join('\n'),
    seed: textOf(options.seed),
    presencePenalty: textOf(options.presencePenalty),
    frequencyPenalty: textOf(options.frequencyPenalty),
    reasoning: options.reasoning?.effort ?? '',
    ...formatFields(options.responseFormat),
    tools: options.tools ? jsonOf(options.tools) : '',
    toolChoice: typeof options.toolChoice === 'object' ? `tool:${options.toolChoice.name}` : (options.toolChoice ?? ''),
    parallelToolCalls: textOf(options.parallelToolCalls),
    vendor: options.vendor ? jsonOf(options.vendor) : '',
    fallbackMode: fallbacks === undefined ? '' : fallbacks.length === 0 ? 'none' : 'list',
    fallbacks: fallbacks ?? [],
    maxCostUsd: textOf(maxCostUsd),
  }
}

/** The texts at which an answer ends, of the field with one in each line. */
export function stopsOf(field: string): string[] {
  return field
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((line) => line.replace(/\\([nrt\\])/g, (_, char: string) => ESCAPED[char] ?? char))
}

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\' }

function escapeStop(stop: string): string {
  return stop.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')
}

function formatFields(format: JobOptions['responseFormat']): Partial<OptionFields> {
  if (format?.type !== 'json-schema') return { format: format?.type ?? '' }
  const { type, name, schema, strict } = format
  return { format: type, schemaName: name, schema: jsonOf(schema), strict: textOf(strict) }
}

function readFallbacks(stored: unknown): Fallback[] {
  return (Array.isArray(stored) ? stored : []).flatMap((each: unknown) =>
    isObject(each) && typeof each['provider'] === 'string' && typeof each['model'] === 'string'
      ? { provider: each['provider'], model: each['model'] }
      : [],
  )
}

function textOf(value: number | boolean | undefined): string {
  return value === undefined ? '' : String(value)
}

function jsonOf(value: unknown): string {
  return JSON.stringify(value, null, 2)
}
