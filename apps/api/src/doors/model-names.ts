import type { ProviderRegistry } from '@promptlab/providers'
import { ApiError } from '../base/api-error.ts'
import { clip } from '../http/clip.ts'
import type { ModelLists } from '../jobs/models/model-lists.ts'

/** A model, and the provider that is asked for it. */
export interface NamedModel {
  readonly provider: string
  readonly model: string
}

/** A model as the doors list it. */
export interface ListedModel extends NamedModel {
  /** `provider/model`, or the bare name of a model that one provider has. */
  readonly id: string
}

/**
 * The names by which the SDKs of vendors know the models of all providers. A name is `provider/model`, or the bare name of a
 * model that exactly one configured provider has.
 */
export class ModelNames {
  readonly #lists: Pick<ModelLists, 'list' | 'isKnown'>
  readonly #providers: Pick<ProviderRegistry, 'find'>

  constructor(lists: Pick<ModelLists, 'list' | 'isKnown'>, providers: Pick<ProviderRegistry, 'find'>) {
    this.#lists = lists
    this.#providers = providers
  }

  /**
   * Whether the provider takes jobs for the model is checked when the job is made.
   * @throws ApiError `unknown-model`: no provider has the model, or more than one has it
   */
  resolve(name: string): NamedModel {
    const prefixed = this.#prefixed(name)
    if (prefixed && this.#isConfigured(prefixed.provider)) return prefixed
    const owners = this.#ownersOf(name)
    const [provider] = owners
    // A provider that is known but not configured is refused later, with what the operator has to set.
    if (provider === undefined)
      return prefixed ?? this.#unconfigured(name) ?? refuse(`There is no model "${clip(name)}". ${HOW_TO_NAME}`)
    if (owners.length === 1) return { provider, model: name }
    const names = owners.map((owner) => `${owner}/${name}`).join(', ')
    return refuse(`Several providers have a model "${clip(name)}". Name one of them: ${names}.`)
  }

  /** Every model of every configured provider, by all of its names. */
  list(): ListedModel[] {
    const named = this.#configured.flatMap(({ name, models }) => models.map((model) => ({ provider: name, model })))
    const counts = new Map<string, number>()
    for (const { model } of named) counts.set(model, (counts.get(model) ?? 0) + 1)
    const bare = named.filter(({ model }) => {
      if (counts.get(model) !== 1) return false
      const prefixed = this.#prefixed(model)
      // A bare name that reads as the name of another provider's model stands for that one.
      return !prefixed || !this.#isConfigured(prefixed.provider)
    })
    return [
      ...named.map((each) => ({ ...each, id: `${each.provider}/${each.model}` })),
      ...bare.map((each) => ({ ...each, id: each.model })),
    ]
  }

  /** The model with this name, if the operator or its vendor names it; undefined otherwise. */
  find(name: string): ListedModel | undefined {
    const prefixed = this.#prefixed(name)
    const owners = prefixed && this.#isConfigured(prefixed.provider) ? [] : this.#ownersOf(name)
    const [owner] = owners
    const found = owner !== undefined && owners.length === 1 ? { provider: owner, model: name } : prefixed
    if (!found || !this.#isConfigured(found.provider)) return undefined
    return this.#lists.isKnown(found.provider, found.model) ? { ...found, id: name } : undefined
  }

  get #configured() {
    return this.#lists.list().filter(({ configured }) => configured)
  }

  #isConfigured(provider: string): boolean {
    const entry = this.#providers.find(provider)
    return entry !== undefined && (entry.missing?.() ?? []).length === 0
  }

  #prefixed(name: string): NamedModel | undefined {
    const slash = name.indexOf('/')
    const provider = name.slice(0, Math.max(0, slash))
    const model = name.slice(slash + 1)
    return model !== '' && this.#providers.find(provider) ? { provider, model } : undefined
  }

  /** A model that only a provider without its key lists. */
  #unconfigured(model: string): NamedModel | undefined {
    const owner = this.#lists.list().find(({ configured, models }) => !configured && models.includes(model))
    return owner && { provider: owner.name, model }
  }

  /** The configured providers that list a model, or else those that know it at all. */
  #ownersOf(model: string): string[] {
    const configured = this.#configured
    const listing = configured.filter(({ models }) => models.includes(model))
    const owners = listing.length > 0 ? listing : configured.filter(({ name }) => this.#lists.isKnown(name, model))
    return owners.map(({ name }) => name)
  }
}

const HOW_TO_NAME = 'Models are named provider/model; GET /v1/models lists them.'

function refuse(message: string): never {
  throw new ApiError('unknown-model', message)
}
