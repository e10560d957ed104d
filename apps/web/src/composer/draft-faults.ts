import type { JobOptions, ProviderInfo } from '@promptlab/client'
import { type Attachment, contentOf } from './attachment.ts'
import type { Choice, Draft } from './draft.ts'
import type { Fault } from './fault.ts'
import type { OptionField, OptionFields } from './option-fields.ts'
import { readOptions } from './read-options.ts'

/** The field of each option of a job. */
export const FIELD_OF_OPTION: Readonly<Record<keyof JobOptions, OptionField>> = {
  system: 'system',
  temperature: 'temperature',
  maxTokens: 'maxTokens',
  topP: 'topP',
  stop: 'stop',
  seed: 'seed',
  presencePenalty: 'presencePenalty',
  frequencyPenalty: 'frequencyPenalty',
  reasoning: 'reasoning',
  tools: 'tools',
  toolChoice: 'toolChoice',
  parallelToolCalls: 'parallelToolCalls',
  responseFormat: 'format',
  vendor: 'vendor',
}

/** The most bytes of all attachments together: in base64, they are below the 20 MB that the server usually takes. */
const MAX_TOTAL_BYTES = 14 * 1024 * 1024

/** What is wrong with a draft, before anything is sent. A draft without faults may still be refused by the server. */
export function faultsOf(draft: Draft, providers: readonly ProviderInfo[]): Fault[] {
  const shared = draft.choices.filter(({ own }) => !own)
  return [
    ...attachmentFaults(draft, providers),
    ...(shared.length > 0 || draft.choices.length === 0 ? optionFaults(draft.options, shared, providers) : []),
    ...draft.choices.flatMap((each, choice) =>
      each.own ? optionFaults(each.own, [each], providers).map((fault) => ({ ...fault, choice })) : [],
    ),
  ]
}

/** The names of the chosen providers that do not keep an option, each of them once. */
export function providersWithout(
  field: OptionField,
  choices: readonly Choice[],
  providers: readonly ProviderInfo[],
): string[] {
  const option = OPTIONS.find((each) => FIELD_OF_OPTION[each] === field)
  if (!option) return []
  return chosen(choices, providers)
    .filter(({ capabilities }) => !capabilities.options.includes(option))
    .map(({ name }) => name)
}

const OPTIONS: readonly (keyof JobOptions)[] = [
  'system',
  'temperature',
  'maxTokens',
  'topP',
  'stop',
  'seed',
  'presencePenalty',
  'frequencyPenalty',
  'reasoning',
  'tools',
  'toolChoice',
  'parallelToolCalls',
  'responseFormat',
  'vendor',
]

function optionFaults(fields: OptionFields, choices: readonly Choice[], providers: readonly ProviderInfo[]): Fault[] {
  const { values, faults } = readOptions(fields)
  const { options } = values
  const unsupported = OPTIONS.filter((option) => options[option] !== undefined).flatMap((option): Fault[] => {
    const field = FIELD_OF_OPTION[option]
    const names = providersWithout(field, choices, providers)
    return names.length > 0 ? [{ field, message: `${namesText(names)} cannot keep this option. ${REMEDY}` }] : []
  })
  const type = options.responseFormat?.type
  const lacking = chosen(choices, providers).filter(
    ({ capabilities }) =>
      type && capabilities.options.includes('responseFormat') && !capabilities.responseFormats.includes(type),
  )
  const unknownForms = lacking.map(({ name, capabilities }): Fault => {
    const known = capabilities.responseFormats.join(' and ')
    return { field: 'format', message: `${name} takes ${known}, not ${type}.` }
  })
  return [...faults, ...unsupported, ...unknownForms]
}

const REMEDY = 'Empty it, or choose other models.'

function attachmentFaults({ attachments, choices }: Draft, providers: readonly ProviderInfo[]): Fault[] {
  if (attachments.length === 0) return []
  const asked = chosen(choices, providers)
  const promptOnly = asked.filter(({ capabilities }) => !capabilities.messages)
  if (promptOnly.length > 0) {
    const names = namesText(promptOnly.map(({ name }) => name))
    return [{ field: 'attachments', message: `${names} cannot take attachments, only a prompt.` }]
  }
  const bytes = attachments.reduce((sum, each) => sum + ('bytes' in each ? each.bytes : 0), 0)
  const tooLarge: Fault[] =
    bytes > MAX_TOTAL_BYTES
      ? [{ field: 'attachments', message: 'The attachments are larger than 14 MB together. Remove some.' }]
      : []
  return [
    ...tooLarge,
    ...attachments.flatMap((attachment) => {
      const isGone = attachment.type !== 'image-url' && contentOf(attachment) === undefined
      const messages = isGone
        ? ['Too large to be kept over the reload of the page. Attach it again.']
        : asked.flatMap((provider) => attachmentFault(attachment, provider) ?? [])
      return messages.map((message): Fault => ({ field: 'attachments', message, attachmentId: attachment.id }))
    }),
  ]
}

function attachmentFault(attachment: Attachment, { name, capabilities }: ProviderInfo): string | undefined {
  const { imageTypes, fileTypes, urls } = capabilities
  switch (attachment.type) {
    case 'text':
      return undefined
    case 'image-url':
      if (imageTypes.length === 0) return `${name} takes no images.`
      return urls ? undefined : `${name} takes no addresses. Attach the image itself.`
    case 'image':
      if (imageTypes.length === 0) return `${name} takes no images.`
      return imageTypes.includes(attachment.mediaType)
        ? undefined
        : `${name} takes ${typesText(imageTypes)} images only.`
    case 'file':
      if (fileTypes.length === 0) return `${name} takes no files.`
      return fileTypes.includes(attachment.mediaType) ? undefined : `${name} takes ${typesText(fileTypes)} files only.`
  }
}

function typesText(types: readonly string[]): string {
  return namesText(types.map((type) => type.replace(/^.*\//, '').toUpperCase()))
}

function chosen(choices: readonly Choice[], providers: readonly ProviderInfo[]): ProviderInfo[] {
  return providers.filter(({ name }) => choices.some(({ provider }) => provider === name))
}

/** Names as a list in words: `a, b and c`. */
export function namesText(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
