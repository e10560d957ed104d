import { modelCapabilitiesOf } from '../model-capabilities.ts'
import { type ListedModel, type ModelList, modelListOf } from '../model-list.ts'
import { valueAt } from '../value-at.ts'
import { VendorFailed } from '../vendor-failure.ts'

/** Names and types of models that do not answer prompts with text. */
const OTHER_WORK =
  /embed|whisper|\btts\b|dall-e|moderation|realtime|transcri|rerank|\bimage\b|\baudio\b|\bvideo\b|sora|davinci-002|babbage-002/i

/**
 * Reads the answer to `GET /models` of OpenAI and of compatible servers. Together answers with a bare array.
 * @throws VendorFailed the answer is no list
 */
export function openAIModelList(answer: unknown, isWhole: boolean): ModelList {
  const data = Array.isArray(answer) ? answer : valueAt(answer, 'data')
  if (!Array.isArray(data)) {
    throw new VendorFailed({ code: 'provider-malformed', what: 'answered with something that is no list of models' })
  }
  return modelListOf(data.flatMap(listedModels), isWhole)
}

function listedModels(entry: unknown): ListedModel[] {
  const name = valueAt(entry, 'id') ?? valueAt(entry, 'name')
  if (typeof name !== 'string') return []
  const created = valueAt(entry, 'created')
  const facts = { capabilities: modelCapabilitiesOf(entry), ...(typeof created === 'number' && { age: created }) }
  const kinds = [name, valueAt(entry, 'type')].filter((kind) => typeof kind === 'string')
  // Mistral says it in a field of its own.
  const isOther =
    kinds.some((kind) => OTHER_WORK.test(kind)) || valueAt(entry, 'capabilities', 'completion_chat') === false
  // Ollama takes both spellings of a model, and lists the longer one.
  const bare = name.replace(/:latest$/, '')
  return bare === name
    ? [{ name, isOther, ...facts }]
    : [
        { name: bare, isOther, ...facts },
        { name, isOther: true, ...facts },
      ]
}
