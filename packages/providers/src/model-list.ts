import type { ModelCapabilities } from '@promptlab/contract'
import { ProviderError } from './provider-error.ts'
import { usableKey } from './usable-key.ts'
import { failureOfTransport, providerErrorOf, VendorFailed } from './vendor-failure.ts'

/** The models that a vendor has at the moment. */
export interface ModelList {
  /** Those that answer prompts. */
  readonly models: readonly string[]
  /** Further names that it takes: other spellings, and models that seem to do other work, such as embeddings. */
  readonly others: readonly string[]
  /** Whether it takes no name but these. */
  readonly isWhole: boolean
  /** What the vendor says that its models can do. A model, or all of them, is left out where it does not say. */
  readonly capabilities?: ReadonlyMap<string, ModelCapabilities>
}

/** A model as a vendor lists it. */
export interface ListedModel {
  readonly name: string
  /** Whether the vendor, or the name, says that it does not answer prompts. */
  readonly isOther?: boolean
  /** When it came out, on any scale. Left out: unknown. */
  readonly age?: number
  /** What the vendor says that it can do. Left out: the vendor does not say. */
  readonly capabilities?: ModelCapabilities
}

/** More are not kept. The limit keeps a vendor from filling our memory. */
const MAX_MODELS = 5_000
/** A longer name is no name. */
const MAX_NAME_CHARS = 200

/** The list of these models, the newest first where the vendor says how old they are. */
export function modelListOf(listed: readonly ListedModel[], isWhole: boolean): ModelList {
  const usable = listed.filter(({ name }) => name !== '' && name.length <= MAX_NAME_CHARS)
  const known = new Map(usable.slice(0, MAX_MODELS).map((model) => [model.name, model]))
  const sorted = [...known.values()].sort((a, b) => (b.age ?? 0) - (a.age ?? 0))
  const namesOf = (isOther: boolean) =>
    sorted.filter((model) => (model.isOther ?? false) === isOther).map(({ name }) => name)
  const capabilities = new Map(
    sorted.flatMap(({ name, capabilities: told = {} }) =>
      Object.keys(told).length > 0 ? [[name, told] as const] : [],
    ),
  )
  return {
    models: namesOf(false),
    others: namesOf(true),
    isWhole: isWhole && usable.length <= MAX_MODELS,
    ...(capabilities.size > 0 && { capabilities }),
  }
}

interface ListCall {
  /** The provider's name, for error messages. */
  readonly provider: string
  /** Left out: the vendor needs no key. */
  readonly apiKey?: (() => string | undefined) | undefined
  readonly signal: AbortSignal
  /** Further texts that must not be in an error. */
  readonly secrets?: readonly string[] | undefined
  ask(apiKey: string, signal: AbortSignal): Promise<ModelList>
}

/**
 * Asks a vendor for its models.
 * @throws ProviderError without secrets, or the signal's reason
 */
export async function listFromVendor({ provider, apiKey, signal, secrets = [], ask }: ListCall): Promise<ModelList> {
  const key = usableKey(provider, apiKey)
  try {
    return await ask(key, signal)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (error instanceof ProviderError) throw error
    const failure = error instanceof VendorFailed ? error.failure : failureOfTransport(error)
    throw providerErrorOf(provider, failure, [key, ...secrets])
  }
}
