import { getJson } from '../http/json-answer.ts'
import { modelCapabilitiesOf } from '../model-capabilities.ts'
import { type ListedModel, type ModelList, modelListOf } from '../model-list.ts'
import { valueAt } from '../value-at.ts'
import { VendorFailed } from '../vendor-failure.ts'
import { failureOfStatusAndBody } from './anthropic-failure.ts'

const MAX_PAGES = 10
const MAX_PAGE_BYTES = 4 * 1024 * 1024
/** The version of the API that the SDK asks for, too. */
const VERSION = '2026-10-21'

interface ListRequest {
  readonly baseUrl: string
  readonly apiKey: string
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/**
 * Asks Anthropic for its models, page after page, without the SDK. The list is never whole: Anthropic takes aliases that it
 * does not list.
 * @throws VendorFailed
 */
export async function anthropicModelList(request: ListRequest): Promise<ModelList> {
  const listed: ListedModel[] = []
  let after = ''
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const answer = await pageOf(request, after)
    const models = valueAt(answer, 'data')
    if (!Array.isArray(models)) throw new VendorFailed(NO_LIST)
    listed.push(...models.flatMap(listedModel))
    const last = valueAt(answer, 'last_id')
    if (valueAt(answer, 'has_more') !== true || typeof last !== 'string') break
    after = last
  }
  return modelListOf(listed, false)
}

const NO_LIST = { code: 'provider-malformed', what: 'answered with something that is no list of models' } as const

async function pageOf({ baseUrl, apiKey, headers, signal }: ListRequest, after: string): Promise<unknown> {
  const url = new URL(`${baseUrl.replace(/\/+$/, '')}/v1/models`)
  url.searchParams.set('limit', '1000')
  if (after) url.searchParams.set('after_id', after)
  const sent = { ...(apiKey && { authorization: `Bearer ${apiKey}` }), 'anthropic-version': VERSION, ...headers }
  const answer = await getJson({ url, headers: sent, signal, maxBytes: MAX_PAGE_BYTES })
  if ('json' in answer) return answer.json
  const { status, headers: received, text, address } = answer.refused
  throw new VendorFailed(failureOfStatusAndBody(status, received, text, address))
}

function listedModel(entry: unknown): ListedModel[] {
  const name = valueAt(entry, 'id')
  if (typeof name !== 'string') return []
  const age = Date.parse(String(valueAt(entry, 'created_at')))
  return [{ name, capabilities: modelCapabilitiesOf(entry), ...(!Number.isNaN(age) && { age }) }]
}
