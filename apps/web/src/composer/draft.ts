import type { Job, JobRequest, ProviderInfo } from '@promptlab/client'
import { type Attachment, partOf, readAttachments } from './attachment.ts'
import { EMPTY_OPTIONS, type OptionFields, optionFieldsOf, readOptionFields } from './option-fields.ts'
import { readOptions } from './read-options.ts'
import { isObject } from './schema-fault.ts'

/** A model that is asked. */
export interface Choice {
  readonly provider: string
  readonly model: string
  /** Its own options, instead of those of the draft. */
  readonly own?: OptionFields
}

/** The fields of the composer, as they are typed. It is JSON; the contents of its attachments are kept beside it. */
export interface Draft {
  readonly prompt: string
  readonly attachments: readonly Attachment[]
  readonly choices: readonly Choice[]
  /** The options of all models that have none of their own. */
  readonly options: OptionFields
}

export const EMPTY_DRAFT: Draft = { prompt: '', attachments: [], choices: [], options: EMPTY_OPTIONS }
/** The most models that are asked at once. */
export const MAX_CHOICES = 4

export function choiceOf(provider: string, model: string): Choice {
  return { provider, model }
}

/** One request for each chosen model. An option with a fault is left out: see `faultsOf`. */
export function requestsOf({ prompt, attachments, choices, options }: Draft): JobRequest[] {
  const parts = attachments.flatMap((attachment) => partOf(attachment) ?? [])
  const asked = prompt.trim() === '' ? [] : [{ type: 'text', text: prompt } as const]
  return choices.map(({ provider, model, own }) => {
    const { values } = readOptions(own ?? options)
    const { options: kept, ...others } = values
    return {
      provider,
      model,
      ...(parts.length === 0 ? { prompt } : { messages: [{ role: 'user', content: [...parts, ...asked] }] }),
      ...(Object.keys(kept).length > 0 && { options: kept }),
      ...others,
    }
  })
}

/** The draft that asks the model of a job with all that the job was asked with, for going on with its conversation. */
export function draftOf(job: Job, draft: Draft): Draft {
  return { ...draft, choices: [choiceOf(job.provider, job.model)], options: optionFieldsOf(job) }
}

/** The choices without models that cannot be used; if none is left, the first usable model. */
export function usableChoices(choices: readonly Choice[], providers: readonly ProviderInfo[]): Choice[] {
  const usable = providers.filter(({ configured }) => configured)
  const kept = choices.filter(({ provider, model }) =>
    usable.some(({ name, models, modelList }) => name === provider && (models.includes(model) || modelList.anyName)),
  )
  const [first] = usable.flatMap(({ name, models }) => models.map((model) => choiceOf(name, model)))
  return kept.length > 0 || !first ? kept.slice(0, MAX_CHOICES) : [first]
}

/** The draft that this tab stored, by this version of the page or by the first one; undefined if it is no draft. */
export function readDraft(stored: unknown): Draft | undefined {
  if (!isObject(stored)) return undefined
  const { prompt, choices, attachments } = stored
  return {
    prompt: typeof prompt === 'string' ? prompt : '',
    attachments: readAttachments(attachments),
    choices: (Array.isArray(choices) ? choices : []).flatMap(readChoice),
    // The first version had three options, beside the prompt.
    options: readOptionFields(stored['options'] ?? stored),
  }
}

function readChoice(stored: unknown): Choice[] {
  // The first version had them as text of JSON.
  if (typeof stored === 'string') return readChoiceText(stored)
  if (!isObject(stored)) return []
  const { provider, model, own } = stored
  if (typeof provider !== 'string' || typeof model !== 'string') return []
  return [{ provider, model, ...(own !== undefined && { own: readOptionFields(own) }) }]
}

function readChoiceText(text: string): Choice[] {
  try {
    const names: unknown = JSON.parse(text)
    if (!Array.isArray(names)) return []
    const [provider, model]: unknown[] = names
    return typeof provider === 'string' && typeof model === 'string' ? [choiceOf(provider, model)] : []
  } catch {
    return []
  }
}
