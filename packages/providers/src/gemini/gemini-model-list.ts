import { getJson } from '../http/json-answer.ts'
import { modelCapabilitiesOf } from '../model-capabilities.ts'
import { type ListedModel, type ModelList, modelListOf } from '../model-list.ts'
import { parsedJson } from '../parsed-json.ts'
import { valueAt } from '../value-at.ts'
import { VendorFailed } from '../vendor-failure.ts'
import { failureOfRefusal } from './gemini-failure.ts'

const MAX_PAGES = 10
const MAX_PAGE_BYTES = 4 * 1024 * 1024

interface ListRequest {
  readonly baseUrl: string
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/**
 * Asks Gemini for its models, page after page, without the SDK, which has no call for that. The list is never whole:
 * Gemini takes aliases that it does not list.
 * @throws VendorFailed
 */
export async function geminiModelList(request: ListRequest): Promise<ModelList> {
  const listed: ListedModel[] = []
  let page = ''
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const answer = await pageOf(request, page)
    const models = valueAt(answer, 'models')
    if (Array.isArray(models)) listed.push(...models.flatMap(listedModel))
    const next = valueAt(answer, 'nextPageToken')
    if (typeof next !== 'string' || next === '') break
    page = next
  }
  return modelListOf(listed, false)
}

async function pageOf({ baseUrl, headers, signal }: ListRequest, page: string): Promise<unknown> {
  const url = new URL(`${baseUrl}/v1beta/models`)
  url.searchParams.set('pageSize', '1000')
  if (page) url.searchParams.set('pageToken', page)
  const answer = await getJson({ url, headers, signal, maxBytes: MAX_PAGE_BYTES })
  if ('json' in answer) return answer.json
  const { status, text, address } = answer.refused
  const error = valueAt(parsedJson(text), 'error')
  const failure = failureOfRefusal(status, valueAt(error, 'details'), String(valueAt(error, 'message') ?? text))
  throw new VendorFailed({ ...failure, address, what: `answered ${status} at ${address}` })
}

function listedModel(entry: unknown): ListedModel[] {
  const name = valueAt(entry, 'name')
  if (typeof name !== 'string') return []
  const methods = valueAt(entry, 'supportedGenerationMethods')
  const isOther = Array.isArray(methods) && !methods.includes('generateContent')
  return [{ name: name.replace(/^models\//, ''), isOther, capabilities: modelCapabilitiesOf(entry) }]
}
