import { issueSentence } from '@promptlab/contract'
import type { JsonValue } from '@promptlab/providers'
import { ApiError } from '../../base/api-error.ts'
import { invalidRequest } from '../../http/problems/request-validator.ts'
import type { AskedJob } from '../../jobs/input/asked-job.ts'
import type { AskedAtDoor } from '../asked-at-door.ts'
import { effortOf } from './asked-effort.ts'
import { MessagesBody } from './messages-body.ts'
import { NativeMessages, systemText } from './native-messages.ts'
import { ParamNames } from './param-names.ts'

/** @throws ApiError `unknown-model` */
type ResolveModel = (name: string) => { readonly provider: string; readonly model: string }

/** The provider that gets the fields which only Anthropic's own API has. */
const ANTHROPIC = 'anthropic'
const FIELDS = Object.keys(MessagesBody.shape)

/** The parameters that the parts of a job stand for. Those of messages depend on the request. */
const NAMES: readonly (readonly [path: string, param: string])[] = [
  ['provider', 'model'],
  ['prompt', 'messages[0].content'],
  ['options.system', 'system'],
  ['options.temperature', 'temperature'],
  ['options.maxTokens', 'max_tokens'],
  ['options.topP', 'top_p'],
  ['options.stop', 'stop_sequences'],
  ['options.reasoning', 'thinking'],
  ['options.tools', 'tools'],
  ['options.toolChoice', 'tool_choice'],
  ['options.parallelToolCalls', 'tool_choice.disable_parallel_tool_use'],
  ['options.responseFormat', 'output_config.format'],
]

/**
 * What a body of `POST /v1/messages` asks. Some fields are only hints to Anthropic's own service: `cache_control` of blocks and
 * tools, `display`, `eager_input_streaming`, `strict` of tools, `citations` of earlier texts. They are accepted, and change
 * nothing. `cache_control`, `metadata` and `service_tier` of the request go to the provider `anthropic`; for others they are
 * such hints. Fields that would change the answer and cannot be kept are refused.
 * @throws ApiError `invalid-request`, `unsupported-option`, with the parameters of the body; `unknown-model`
 */
export function messagesRequest(sent: unknown, resolveModel: ResolveModel): AskedAtDoor {
  const parsed = MessagesBody.safeParse(sent, { error: issueSentence })
  if (!parsed.success) throw invalidRequest(parsed.error, 'body', FIELDS)
  const body = parsed.data
  const named = resolveModel(body.model)
  const names = new ParamNames()
  for (const [path, param] of NAMES) names.add(path, param)
  const { prompt, system, messages } = inputOf(body, named.provider, names)
  const options = { ...(system && { system }), ...optionsOf(body, named.provider, names) }
  return {
    job: { ...named, ...(messages ? { messages } : { prompt }), options },
    paramOf: (path) => names.of(path),
    echo: { model: body.model },
    isStored: true,
    isBackground: false,
    isStreamed: body.stream === true,
  }
}

interface Input {
  readonly prompt?: string
  readonly system?: string
  readonly messages?: AskedJob['messages']
}

/** A single text of the user is a prompt, which every provider takes. All else is messages. */
function inputOf({ messages, system }: MessagesBody, provider: string, names: ParamNames): Input {
  const systemTexts = systemText(system ?? '')
  const [first] = messages
  const prompt = messages.length === 1 && first?.role === 'user' ? onlyText(first.content) : undefined
  if (prompt !== undefined && /\S/.test(prompt)) return { prompt, system: systemTexts }
  const natives = new NativeMessages(provider, names)
  if (systemTexts !== '') natives.addSystem(systemTexts)
  for (const [index, message] of messages.entries()) natives.add(message, `messages[${index}]`)
  return { messages: natives.messages }
}

function onlyText(content: MessagesBody['messages'][number]['content']): string | undefined {
  if (typeof content === 'string') return content
  const [only] = content
  return content.length === 1 && only?.type === 'text' ? only.text : undefined
}

type Options = NonNullable<AskedJob['options']>

function optionsOf(body: MessagesBody, provider: string, names: ParamNames): Options {
  const { temperature, top_p, stop_sequences: stop, thinking, output_config: config } = body
  const effort = effortOf(thinking, config)
  if (!thinking) names.add('options.reasoning', 'output_config.effort')
  return {
    maxTokens: body.max_tokens,
    ...(typeof temperature === 'number' && { temperature }),
    ...(typeof top_p === 'number' && { topP: top_p }),
    ...(stop && stop.length > 0 && { stop }),
    ...(effort && { reasoning: { effort } }),
    ...toolsOf(body, names),
    // The API keeps to every schema, so a vendor that does so only when it is told is told.
    ...(config?.format && {
      responseFormat: { type: 'json-schema', name: 'answer', schema: config.format.schema, strict: true },
    }),
    ...vendorFields(body, provider, names),
  }
}

function toolsOf({ tools, tool_choice: choice }: MessagesBody, names: ParamNames): Options {
  const options: Options = {}
  if (tools && tools.length > 0) {
    options.tools = tools.map(({ name, description, input_schema: parameters }, index) => {
      names.add(`options.tools[${index}].parameters`, `tools[${index}].input_schema`)
      return { name, ...(description && { description }), parameters }
    })
  }
  if (choice) options.toolChoice = choiceOf(choice)
  const isSerial = choice?.disable_parallel_tool_use
  // A model that calls no tools calls none at once.
  if (typeof isSerial === 'boolean' && choice?.type !== 'none') options.parallelToolCalls = !isSerial
  return options
}

function choiceOf(choice: NonNullable<MessagesBody['tool_choice']>): NonNullable<Options['toolChoice']> {
  switch (choice.type) {
    case 'any':
      return 'required'
    case 'tool':
      return { name: choice.name }
    default:
      return choice.type
  }
}

/** @throws ApiError `unsupported-option` for `top_k`, which would change the answer */
function vendorFields(body: MessagesBody, provider: string, names: ParamNames): Pick<Options, 'vendor'> {
  const { top_k, cache_control, metadata, service_tier } = body
  if (provider !== ANTHROPIC) {
    if (typeof top_k === 'number') refuseTopK(provider)
    return {}
  }
  const userId = metadata?.user_id
  const vendor: Record<string, JsonValue> = {
    ...(typeof top_k === 'number' && { top_k }),
    ...(cache_control && {
      cache_control: { type: cache_control.type, ...(cache_control.ttl && { ttl: cache_control.ttl }) },
    }),
    ...(userId && { metadata: { user_id: userId } }),
    ...(service_tier && { service_tier }),
  }
  for (const field of Object.keys(vendor)) names.add(`options.vendor.${field}`, field)
  return Object.keys(vendor).length > 0 ? { vendor } : {}
}

function refuseTopK(provider: string): never {
  const fault = { path: 'top_k', message: `${provider} cannot keep this option` }
  throw new ApiError('unsupported-option', `${fault.path}: ${fault.message}.`, { faults: [fault] })
}
