import { counted } from '../counted.ts'
import type { OptionFields } from './option-fields.ts'
import { readOptions } from './read-options.ts'

/** What is set, in words for one line, such as `temperature 0.2 · 2 tools · JSON schema`; empty if nothing is set. */
export function optionsSummary(fields: OptionFields): string {
  const { values, faults } = readOptions(fields)
  const { options, fallbacks, maxCostUsd } = values
  const { tools, toolChoice, stop, vendor } = options
  const format = { text: 'text', json: 'JSON', 'json-schema': 'JSON schema' } as const
  const words = [
    options.system !== undefined && 'system text',
    named('temperature', options.temperature),
    named('top-p', options.topP),
    named('max tokens', options.maxTokens),
    stop && counted(stop.length, 'stop text'),
    named('seed', options.seed),
    named('presence penalty', options.presencePenalty),
    named('frequency penalty', options.frequencyPenalty),
    named('reasoning', options.reasoning?.effort),
    options.responseFormat && format[options.responseFormat.type],
    tools && counted(tools.length, 'tool'),
    toolChoice && `tool choice ${typeof toolChoice === 'object' ? toolChoice.name : toolChoice}`,
    options.parallelToolCalls !== undefined && `parallel calls ${options.parallelToolCalls ? 'on' : 'off'}`,
    fallbacks && (fallbacks.length === 0 ? 'no fallbacks' : counted(fallbacks.length, 'fallback')),
    maxCostUsd !== undefined && `at most $${maxCostUsd}`,
    vendor && 'vendor fields',
    faults.length > 0 && counted(faults.length, 'fault'),
  ]
  return words.filter((word) => word).join(' · ')
}

function named(name: string, value: number | string | undefined): string | undefined {
  return value === undefined ? undefined : `${name} ${value}`
}
