import type { ProviderInfo } from '@promptlab/client'
import type { Choice } from './draft.ts'

/** A provider in the picker, with its models that fit what was typed. */
export interface ModelGroup {
  readonly provider: string
  /** Empty if the provider cannot be used. */
  readonly models: readonly Choice[]
  /** The variables that the provider needs first; empty if it can be used. */
  readonly missing: readonly string[]
}

/**
 * The models that have all typed words in their names or in that of their provider, usable providers first. A provider that takes
 * any name offers the typed one.
 */
export function modelGroups(providers: readonly ProviderInfo[], typed: string): ModelGroup[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  const groups = providers.map(({ name: provider, models, configured, missing, modelList }): ModelGroup => {
    const fitting = [...new Set(models)].filter((model) => fits(`${provider} ${model}`, words))
    if (!configured)
      return { provider, models: [], missing: fitting.length > 0 || fits(provider, words) ? missing : [] }
    const named = words.length === 1 ? typed.trim() : ''
    const isOffered = modelList.anyName && named !== '' && !models.includes(named)
    const all = isOffered ? [...fitting, named] : fitting
    return { provider, models: all.map((model) => ({ provider, model })), missing: [] }
  })
  return [...groups.filter(({ models }) => models.length > 0), ...groups.filter(({ missing }) => missing.length > 0)]
}

/** Whether two choices are of the same model. */
export function isSameModel(one: Choice, other: Choice): boolean {
  return one.provider === other.provider && one.model === other.model
}

function fits(name: string, words: readonly string[]): boolean {
  const lower = name.toLowerCase()
  return words.every((word) => lower.includes(word))
}
