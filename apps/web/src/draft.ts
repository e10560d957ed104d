import type { JobOptions, JobRequest, ProviderInfo } from '@promptlab/client'

/** A provider and one of its models in one string, which is the value of an option of the select. */
export type Choice = string

/** The fields of the composer. Numbers are text, as they are typed. */
export interface Draft {
  readonly prompt: string
  readonly choices: readonly Choice[]
  readonly system: string
  readonly temperature: string
  readonly maxTokens: string
}

export const EMPTY_DRAFT: Draft = { prompt: '', choices: [], system: '', temperature: '', maxTokens: '' }
export const MAX_CHOICES = 4

export function choiceOf(provider: string, model: string): Choice {
  return JSON.stringify([provider, model])
}

/** One request for each chosen model. */
export function requestsOf({ prompt, choices, ...draft }: Draft): JobRequest[] {
  const options: JobOptions = {
    ...(draft.system.trim() !== '' && { system: draft.system }),
    ...(draft.temperature !== '' && { temperature: Number(draft.temperature) }),
    ...(draft.maxTokens !== '' && { maxTokens: Number(draft.maxTokens) }),
  }
  return choices.map((choice) => {
    const [provider, model]: string[] = JSON.parse(choice)
    return {
      prompt,
      provider: provider ?? '',
      model: model ?? '',
      ...(Object.keys(options).length > 0 && { options }),
    }
  })
}

/** The choices without models that cannot be used; if none is left, the first usable model. */
export function usableChoices(choices: readonly Choice[], providers: readonly ProviderInfo[]): Choice[] {
  const usable = providers
    .filter(({ configured }) => configured)
    .flatMap(({ name, models }) => models.map((model) => choiceOf(name, model)))
  const kept = choices.filter((choice) => usable.includes(choice)).slice(0, MAX_CHOICES)
  return kept.length > 0 ? kept : usable.slice(0, 1)
}

/** The draft that this tab stored; undefined if the stored value is not an object. */
export function readDraft(stored: unknown): Draft | undefined {
  if (typeof stored !== 'object' || stored === null) return undefined
  const field = (name: string) => {
    const value: unknown = Reflect.get(stored, name)
    return typeof value === 'string' ? value : ''
  }
  const choices: unknown = Reflect.get(stored, 'choices')
  return {
    prompt: field('prompt'),
    choices: Array.isArray(choices) ? choices.filter((choice) => typeof choice === 'string') : [],
    system: field('system'),
    temperature: field('temperature'),
    maxTokens: field('maxTokens'),
  }
}
