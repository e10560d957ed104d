import type { CreateJobBody, Fault, ShownMessage } from '@promptlab/contract'
import type { ProviderCapabilities } from '@promptlab/providers'
import { ApiError } from '../../base/api-error.ts'
import { answerLength, partsOf } from '../answer/stored-answer.ts'
import { inputBytes, type JobRequest, type StoredJob } from '../job.ts'

/** The most jobs of a conversation. */
export const MAX_CHAIN_LENGTH = 500
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
export function checkCapabilities(request: JobRequest, chain: readonly StoredJob[], provider: Provider): void {
  const faults = capabilityFaults(request, chain, provider)
  if (faults.length > 0) refuse('unsupported-option', faults)
}

/** What of a request its provider cannot do. */
export function capabilityFaults(request: JobRequest, chain: readonly StoredJob[], provider: Provider): Fault[] {
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
  for (const job of chain) {
    const [first] = messageFaults(job.messages ?? [], provider)
    if (first) faults.push({ path: 'previousJobId', message: `${first.message}, and job ${job.id} has some` })
    else if (hasToolCalls(job) && !provider.capabilities.options.includes('tools'))
      faults.push({
        path: 'previousJobId',
        message: `${provider.name} knows no tool calls, and job ${job.id} has some`,
      })
  }
  return faults
}

/**
 * Checks what can only be checked with the whole conversation: its size, and that each tool result has its call.
 * @param chain the jobs before, oldest first
 * @throws ApiError `invalid-request`
 */
export function checkConversation(request: JobRequest, chain: readonly StoredJob[]): void {
  if (chain.length >= MAX_CHAIN_LENGTH) {
    const message = `The conversation has ${MAX_CHAIN_LENGTH} jobs, the most that one may have. Begin a new one`
    refuse('invalid-request', [{ path: 'previousJobId', message }])
  }
  const bytes =
    [request, ...chain].reduce((sum, job) => sum + inputBytes(job), 0) +
    chain.reduce((sum, job) => sum + answerBytes(job), 0)
  if (bytes > MAX_CONVERSATION_BYTES) {
    const message = `The conversation is longer than ${MAX_CONVERSATION_BYTES} bytes. Begin a new one`
    refuse('invalid-request', [{ path: chain.length > 0 ? 'previousJobId' : 'messages', message }])
  }
  const known = new Set(chain.flatMap(callIdsOf))
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
  switch (part.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return []
    case 'image':
    case 'file':
      return mediaFaults(part, path, provider)
    case 'tool-call':
      return toolFaults('tool calls', path, provider)
    case 'tool-result': {
      const inner = typeof part.content === 'string' ? [] : partsFaults(part.content, `${path}.content`, provider)
      return [...toolFaults('tool results', path, provider), ...inner]
    }
  }
}

function toolFaults(what: string, path: string, { name, capabilities }: Provider): Fault[] {
  return capabilities.options.includes('tools') ? [] : [{ path, message: `${name} knows no ${what}` }]
}

function mediaFaults(part: MediaPart, path: string, { name, capabilities }: Provider): Fault[] {
  const types = part.type === 'image' ? capabilities.imageTypes : capabilities.fileTypes
  if (types.length === 0) return [{ path, message: `${name} takes no ${part.type}s` }]
  const faults: Fault[] = []
  if ('url' in part && !capabilities.urls)
    faults.push({ path: `${path}.url`, message: `${name} takes no addresses. Send data and mediaType` })
  if (part.mediaType !== undefined && !types.includes(part.mediaType))
    faults.push({
      path: `${path}.mediaType`,
      message: `${name} does not take ${part.mediaType}, but ${types.join(', ')}`,
    })
  return faults
}

type MediaPart = Extract<Part, { type: 'image' | 'file' }>
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

/** The calls that a job made and was sent, as far as they are complete. */
function callIdsOf(job: StoredJob): string[] {
  const sent = (job.messages ?? []).flatMap(({ content }) => (typeof content === 'string' ? [] : content))
  const made = job.status === 'pending' ? [] : partsOf(job).filter((part) => part.type === 'tool-call' && part.ended)
  return [...sent, ...made].flatMap((part) => (part.type === 'tool-call' ? part.callId : []))
}

function hasToolCalls(job: StoredJob): boolean {
  return callIdsOf(job).length > 0
}

function answerBytes(job: StoredJob): number {
  return job.status === 'pending' ? 0 : answerLength(job)
}

function refuse(code: 'invalid-request' | 'unsupported-option', faults: readonly Fault[]): never {
  const sentences = faults.map(({ path, message }) => `${path}: ${message}.`)
  throw new ApiError(code, sentences.join(' '), { faults })
}
