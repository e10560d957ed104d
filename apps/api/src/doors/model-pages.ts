import type { ListedModel } from './model-names.ts'

/** Nobody tells when most models were made. Anthropic's reference gives the epoch as the value for an unknown time. */
const UNKNOWN_SECONDS = 0
const UNKNOWN_TIME = '1970-01-01T00:00:00Z'

/** A model in the form of OpenAI's `GET /v1/models/{id}`. */
export function openaiModel({ id, provider }: ListedModel) {
  return { id, object: 'model', created: UNKNOWN_SECONDS, owned_by: provider } as const
}

/** The models in the form of OpenAI's `GET /v1/models`. */
export function openaiModels(models: readonly ListedModel[]) {
  return { object: 'list', data: models.map(openaiModel) } as const
}

/** A model in the form of Anthropic's `GET /v1/models/{id}`. */
export function anthropicModel({ id, model }: ListedModel) {
  return { type: 'model', id, display_name: model, created_at: UNKNOWN_TIME } as const
}

/** Which models a client of Anthropic's API asks for. */
export interface ModelPageQuery {
  readonly limit: number
  readonly after_id?: string | undefined
  readonly before_id?: string | undefined
}

/** A page in the form of Anthropic's `GET /v1/models`. A cursor that names no model gives an empty page. */
export function anthropicModels(models: readonly ListedModel[], { limit, after_id, before_id }: ModelPageQuery) {
  const indexOf = (id: string) => models.findIndex((model) => model.id === id)
  const after = after_id === undefined ? 0 : indexOf(after_id) + 1 || models.length
  const before = before_id === undefined ? models.length : Math.max(0, indexOf(before_id))
  const rest = models.slice(after, before)
  // A page before a model is the one that ends there.
  const page = before_id === undefined ? rest.slice(0, limit) : rest.slice(-limit)
  return {
    data: page.map(anthropicModel),
    has_more: page.length < rest.length,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  }
}
