import type { ModelCapabilities } from '@promptlab/contract'
import { valueAt } from './value-at.ts'

/** Reads one field of a listed model. Anything but a boolean says nothing. */
type Reading = (entry: unknown) => unknown

/**
 * The forms in which vendors tell each capability; the first that tells it counts. They are read of every vendor, because
 * gateways pass the forms of others on.
 */
const READINGS: readonly (readonly [keyof ModelCapabilities, readonly Reading[]])[] = [
  ['tools', [parameter('tools'), at('capabilities', 'function_calling'), at('supports_tools')]],
  [
    'images',
    [
      input('image'),
      at('capabilities', 'image_input', 'supported'),
      at('capabilities', 'vision'),
      at('supports_image_input'),
    ],
  ],
  ['files', [input('file'), at('capabilities', 'pdf_input', 'supported')]],
  ['schema', [schemaParameter, at('capabilities', 'structured_outputs', 'supported')]],
  [
    'reasoning',
    [
      parameter('reasoning'),
      at('capabilities', 'thinking', 'supported'),
      at('capabilities', 'reasoning'),
      at('thinking'),
    ],
  ],
]

/** What a vendor's list tells about a model. A capability that the list does not tell is left out. */
export function modelCapabilitiesOf(entry: unknown): ModelCapabilities {
  const capabilities: ModelCapabilities = {}
  for (const [name, readings] of READINGS) {
    const told = readings.map((reading) => reading(entry)).find((value) => typeof value === 'boolean')
    if (told !== undefined) capabilities[name] = told
  }
  return capabilities
}

/** A field of its own: Anthropic, Mistral, Fireworks, Gemini. */
function at(...path: readonly string[]): Reading {
  return (entry) => valueAt(entry, ...path)
}

/** A parameter that the model may support, in the form of OpenRouter. */
function parameter(name: string): Reading {
  return (entry) => listAt(entry, 'supported_parameters')?.includes(name)
}

/** A kind of content that the model may take, in the form of OpenRouter. */
function input(kind: string): Reading {
  return (entry) => listAt(entry, 'architecture', 'input_modalities')?.includes(kind)
}

/** `response_format` alone says nothing: it may be JSON without a schema. */
function schemaParameter(entry: unknown): boolean | undefined {
  const names = listAt(entry, 'supported_parameters')
  if (names?.includes('structured_outputs')) return true
  return names?.includes('response_format') ? undefined : names && false
}

/** Undefined unless the list has something in it: an empty one is a list that nobody filled in. */
function listAt(entry: unknown, ...path: readonly string[]): readonly unknown[] | undefined {
  const list = valueAt(entry, ...path)
  return Array.isArray(list) && list.length > 0 ? list : undefined
}
