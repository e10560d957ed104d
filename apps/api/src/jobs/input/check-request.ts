import type { CreateJobBody, Fault, ShownMessage } from '@promptlab/contract'
import type { ProviderCapabilities } from '@promptlab/providers'
import { ApiError } from '../../base/api-error.ts'
import { inputBytes, type JobRequest } from '../job.ts'
import { type EarlierTurn, MAX_CHAIN_LENGTH, type Need, needOf } from './earlier-turns.ts'

/** The most that a conversation may be, in bytes of input and characters of answers. */
const MAX_CONVERSATION_BYTES = 64 * 1024 * 1024

interface Provider {
  readonly name: string
  readonly capabilities: ProviderCapabilities
}

/**
 * Checks that a provider can do what a job asks, before anything is paid.
 * @throws ApiError `unsupported-option`, with the path of each
 */
export function checkCapabilities(request: JobRequest, chain: readonly EarlierTurn[], provider: Provider): void {
  const faults = capabilityFaults(request, chain, provider)
  if (faults.length > 0) refuse('unsupported-option', faults)
}

/** What of a request its provider cannot do. */
export function capabilityFaults(request: JobRequest, chain: readonly EarlierTurn[], provider: Provider): Fault[] {
  const faults = [
    ...optionFaults(request.options ?? {}, provider),
    ...messageFaults(request.messages ?? [], provider).map(({ path, message }) => ({
      path: `messages${path}`,
      message,
    })),
  ]
  if ((request.messages || request.previousJobId !== undefined) && !provider.capabilities.messages) {
    const path = request.messages ? 'messages' : 'previousJobId'
    faults.push({ path, message: `${provider.name} takes a prompt only` })
  }
  for (const { id, needs, callIds } of chain) {
    const [first] = needs.flatMap((need) => needFaults(need, '', provider))
    if (first) faults.push({ path: 'previousJobId', message: `${first.message}, and job ${id} has some` })
    else if (callIds.length > 0 && !provider.capabilities.options.includes('tools'))
      faults.push({ path: 'previousJobId', message: `${provider.name} knows no tool calls, and job ${id} has some` })
  }
  return faults
}

/**
 * Checks what can only be checked with the whole conversation: its size, and that each tool result has its call.
 * @param chain the jobs before, oldest first
 * @throws ApiError `invalid-request`
 */
export function checkConversation(request: JobRequest, chain: readonly EarlierTurn[]): void {
  if (chain.length >= MAX_CHAIN_LENGTH) {
    const message = `The conversation has ${MAX_CHAIN_LENGTH} jobs, the most that one may have. Begin a new one`
    refuse('invalid-request', [{ path: 'previousJobId', message }])
  }
  const bytes = chain.reduce((sum, turn) => sum + turn.bytes, inputBytes(request))
  if (bytes > MAX_CONVERSATION_BYTES) {
    const message = `The conversation is longer than ${MAX_CONVERSATION_BYTES} bytes. Begin a new one`
    refuse('invalid-request', [{ path: chain.length > 0 ? 'previousJobId' : 'messages', message }])
  }
  const known = new Set(chain.flatMap(({ callIds }) => callIds))
  const faults = resultFaults(request.messages ?? [], known)
  if (faults.length > 0) refuse('invalid-request', faults)
}

function optionFaults(options: Options, { name, capabilities }: Provider): Fault[] {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const unknown = given
    .filter(([option]) => !capabilities.options.some((known) => known === option))
    .map(([option]) => ({ path: `options.${option}`, message: `${name} cannot keep this option` }))
  return [...unknown, ...formatFaults(options, name, capabilities), ...vendorFaults(options, name, capabilities)]
}

type Options = NonNullable<CreateJobBody['options']>

function formatFaults({ responseFormat }: Options, name: string, { responseFormats }: ProviderCapabilities): Fault[] {
  if (!responseFormat || !responseFormats || responseFormats.includes(responseFormat.type)) return []
  const known = responseFormats.join(' and ')
  return [{ path: 'options.responseFormat.type', message: `${name} takes ${known}, not ${responseFormat.type}` }]
}

function vendorFaults({ vendor = {} }: Options, name: string, { reservedFields = [] }: ProviderCapabilities): Fault[] {
  return Object.keys(vendor)
    .filter((field) => reservedFields.includes(field))
    .map((field) => ({ path: `options.vendor.${field}`, message: `The server sets this field of ${name} itself` }))
}

function messageFaults(messages: readonly ShownMessage[], provider: Provider): Fault[] {
  return messages.flatMap(({ content }, index) =>
    typeof content === 'string' ? [] : partsFaults(content, `[${index}].content`, provider),
  )
}

function partsFaults(parts: readonly Part[], path: string, provider: Provider): Fault[] {
  return parts.flatMap((part, index) => partFaults(part, `${path}[${index}]`, provider))
}

function partFaults(part: Part, path: string, provider: Provider): Fault[] {
  const need = needOf(part)
  const inner = part.type === 'tool-result' && typeof part.content !== 'string' ? part.content : []
  return [...(need ? needFaults(need, path, provider) : []), ...partsFaults(inner, `${path}.content`, provider)]
}

function needFaults(need: Need, path: string, provider: Provider): Fault[] {
  return 'mediaType' in need ? mediaFaults(need, path, provider) : toolFaults(need.type, path, provider)
}

function toolFaults(what: string, path: string, { name, capabilities }: Provider): Fault[] {
  return capabilities.options.includes('tools') ? [] : [{ path, message: `${name} knows no ${what}` }]
}

function mediaFaults(need: MediaNeed, path: string, { name, capabilities }: Provider): Fault[] {
  const types = need.type === 'image' ? capabilities.imageTypes : capabilities.fileTypes
  if (types.length === 0) return [{ path, message: `${name} takes no ${need.type}s` }]
  const faults: Fault[] = []
  if (need.hasUrl && !capabilities.urls)
    faults.push({ path: `${path}.url`, message: `${name} takes no addresses. Send data and mediaType` })
  if (need.mediaType !== undefined && !types.includes(need.mediaType))
    faults.push({
      path: `${path}.mediaType`,
      message: `${name} does not take ${need.mediaType}, but ${types.join(', ')}`,
    })
  return faults
}

type MediaNeed = Extract<Need, { type: 'image' | 'file' }>
type Part = Exclude<ShownMessage['content'], string>[number]

function resultFaults(messages: readonly ShownMessage[], known: Set<string>): Fault[] {
  const faults: Fault[] = []
  for (const [index, { content }] of messages.entries()) {
    if (typeof content === 'string') continue
    for (const [position, part] of content.entries()) {
      if (part.type === 'tool-call') known.add(part.callId)
      if (part.type === 'tool-result' && !known.has(part.callId)) {
        const path = `messages[${index}].content[${position}].callId`
        faults.push({ path, message: 'There is no tool call with this id before it' })
      }
    }
  }
  return faults
}

function refuse(code: 'invalid-request' | 'unsupported-option', faults: readonly Fault[]): never {
  const sentences = faults.map(({ path, message }) => `${path}: ${message}.`)
  throw new ApiError(code, sentences.join(' '), { faults })
}
