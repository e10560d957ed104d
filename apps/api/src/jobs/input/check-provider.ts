import { PROMPT_ONLY, type ProviderCapabilities, type ProviderRegistry } from '@promptlab/providers'
import { ApiError } from '../../base/api-error.ts'
import type { JobRequest } from '../job.ts'
import type { ModelLists } from '../models/model-lists.ts'

export interface ProviderDeps {
  readonly providers: ProviderRegistry
  readonly models: ModelLists
}

/** The most names that a sentence lists. */
const MAX_LISTED_NAMES = 30

/**
 * Checks that a job's provider is there, may be asked for its model, and has its key. No vendor is asked for that.
 * @throws ApiError `unknown-provider`, `unknown-model`, `provider-key-missing`
 */
export function checkProvider(
  { provider: name, model }: Pick<JobRequest, 'provider' | 'model'>,
  { providers, models }: ProviderDeps,
): { readonly name: string; readonly capabilities: ProviderCapabilities } {
  const entry = providers.find(name)
  if (!entry) {
    throw new ApiError('unknown-provider', `There is no provider "${name}". Known: ${providers.names.join(', ')}.`)
  }
  const others = models.refusalOf(entry, model)
  const missing = entry.missing?.() ?? []
  // Without its settings, a provider may have no model at all.
  if (others && (others.length > 0 || missing.length === 0)) {
    throw new ApiError('unknown-model', `${name} has no model "${model}". Supported: ${shortList(others) || 'none'}.`)
  }
  if (missing.length > 0) {
    throw new ApiError('provider-key-missing', `${name} is not configured on this server: set ${missing.join(', ')}.`)
  }
  return { name, capabilities: entry.provider.capabilities ?? PROMPT_ONLY }
}

function shortList(names: readonly string[]): string {
  const rest = names.length - MAX_LISTED_NAMES
  const shown = names.slice(0, MAX_LISTED_NAMES).join(', ')
  return rest > 0 ? `${shown}, and ${rest} more; GET /providers lists them` : shown
}
